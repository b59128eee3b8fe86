-- What is known of a device, unless an earlier session tells it. Optional fields are empty, or
-- begin with `+`. -> ok
local device, online, epoch, its_node, since, reason, model, firmware, labels, groups, first, last =
    unpack(ARGV, 4, 15)
local max_devices = tonumber(ARGV[16])
local key = of(device, 'dev')
local row = call('HMGET', key, 'epoch', 'node')
if row[1] and tonumber(row[1]) > tonumber(epoch) then return 'ok' end
if row[2] then call('SREM', named('online', row[2]), device) end
call('HSET', key, 'on', online, 'epoch', epoch, 'node', its_node, 'since', since, 'reason', reason,
     'groups', groups, 'last', last)
call('HSETNX', key, 'first', first)
for field, value in pairs({model = model, fw = firmware, labels = labels}) do
    if value ~= '' then call('HSET', key, field, string.sub(value, 2)) end
end
call('ZADD', named('devices'), 0, device)
if online == '1' then
    call('ZREM', named('offline'), device)
    call('ZREM', named('seen'), device)
    call('ZADD', named('online'), 0, device)
    call('SADD', named('online', its_node), device)
else
    call('ZREM', named('online'), device)
    call('ZADD', named('offline'), 0, device)
    call('ZADD', named('seen'), last, device)
end
-- Beyond the bound offline ones go, those seen longest ago, two for each that comes.
local excess = call('ZCARD', named('devices')) - max_devices
if excess > 0 then
    local gone = call('ZPOPMIN', named('seen'), math.min(excess, 2))
    for i = 1, #gone, 2 do
        call('DEL', of(gone[i], 'dev'))
        call('ZREM', named('devices'), gone[i])
        call('ZREM', named('offline'), gone[i])
    end
end
return 'ok'
