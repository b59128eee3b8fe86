-- Notes a step of an unfinished command; of one that has ended nothing. -> ok | lost | stale
local device, id, state, attempts, reply_by, at, detail = unpack(ARGV, 4, 10)
local no = refused(device)
if no then return no end
local key = unfinished_key(device, id)
local row = call('HMGET', key, 'a', 'h')
if not row[1] then return 'ok' end
call('HSET', key, 's', state, 'a', text(math.max(tonumber(row[1]), tonumber(attempts))),
     'h', with_step(row[2], step(at, state, attempts, detail)))
if reply_by ~= '' then call('HSET', key, 'r', reply_by) end
return 'ok'
