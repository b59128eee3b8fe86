-- Keeps a message of this node. -> ok
local number, row = unpack(ARGV, 4, 5)
call('HSET', named('outbox', node), number, row)
call('SADD', named('outboxes'), node)
if tonumber(number) > tonumber(call('HGET', node_key, 'outbox_max') or '0') then
    call('HSET', node_key, 'outbox_max', number)
end
return 'ok'
