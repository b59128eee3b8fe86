-- Stores an accepted command, once. -> ok | lost | stale
local device, id, command, name, at, send_by, operator, state, attempts, reply_by =
    unpack(ARGV, 4, 13)
local no = refused(device)
if no then return no end
local key = unfinished_key(device, id)
-- One that has ended with this very acceptance comes here again when a batch is sent again.
if call('EXISTS', key) == 1 or call('HGET', finished_key(device, id), 'acc') == at then
    return 'ok'
end
local seq = call('INCR', named('seq'))
call('HSET', key, 'seq', seq, 'c', command, 'n', name, 'at', at, 'by', send_by, 'op', operator,
     's', state, 'a', attempts, 'r', reply_by, 'h', step(at, state, attempts, ''))
call('ZADD', order_of(device), seq, id)
call('SADD', named('id', id), device)
call('SADD', named('owned', me), device)
call('SADD', named('owners'), me)
return 'ok'
