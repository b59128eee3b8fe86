-- The session with this epoch is over, if it is still the device's. -> ok
local device, epoch = unpack(ARGV, 4, 5)
local row = call('HMGET', dir_of(device), 'owner', 'att', 'epoch')
if row[1] == me and row[2] == me and row[3] == epoch then
    call('HSET', dir_of(device), 'att', '')
    call('SREM', named('attached', me), device)
end
return 'ok'
