-- Replaces an unfinished command by its end, and keeps the message that tells it.
-- -> {ok | lost | stale, Unix ms of the oldest end}
local device, id, ended, name, state, detail, at, keep_ms, late_ms, slack_ms, number, row =
    unpack(ARGV, 4, 15)
local no = refused(device)
if no then return {no} end

local function put_row()
    if number == '' then return end
    call('HSET', named('outbox', node), number, row)
    call('SADD', named('outboxes'), node)
    if tonumber(number) > tonumber(call('HGET', node_key, 'outbox_max') or '0') then
        call('HSET', node_key, 'outbox_max', number)
    end
end

local from, to = unfinished_key(device, id), finished_key(device, id)
local was = call('HMGET', from, 'a', 'by', 'r', 'op', 'h', 'at')
local ended_before = call('HGET', to, 'e')
if not was[1] and ended_before and ended_before ~= ended then
    return {'lost'}  -- another process has ended it: one command, one end
end
if was[1] or not ended_before then
    -- Removal first: it also works without memory, and gives some.
    call('DEL', from)
    call('ZREM', order_of(device), id)
    call('DEL', to)
    local attempts, send_by, reply_by = was[1] or '0', was[2] or at, was[3] or ''
    local deadline = tonumber(reply_by ~= '' and reply_by or send_by)
    local num = call('HINCRBY', dir_of(device), 'ended', 1)
    call('HSET', to, 'num', num, 'e', ended, 'n', name, 's', state, 'a', attempts, 'fin', at,
         'at', was[6] or at, 'acc', was[6] or '', 'by', send_by, 'r', reply_by, 'op', was[4] or '',
         'dl', text(deadline), 'h', with_step(was[5] or '', step(at, state, attempts, detail)))
    -- `prune` removes it sooner, and its places in the indexes with it.
    local lives = math.max(tonumber(keep_ms), deadline - tonumber(at) + tonumber(late_ms))
    call('PEXPIRE', to, text(lives + tonumber(slack_ms)))
    call('ZADD', of(device, 'ends'), num, id)
    call('ZADD', named('ends'), at, device .. '/' .. id)
    call('SADD', named('id', id), device)
    if call('EXISTS', order_of(device)) == 0 then call('SREM', named('owned', me), device) end
end
put_row()
local first = call('ZRANGE', named('ends'), 0, 0, 'WITHSCORES')
return {'ok', first[2] or '0'}
