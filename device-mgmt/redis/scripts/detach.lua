-- The session with this epoch is over. -> 1 if no later one was begun, else 0
local device, epoch = unpack(ARGV, 4, 5)
local row = call('HMGET', dir_of(device), 'owner', 'att', 'epoch')
if row[1] == me and row[2] == me and row[3] == epoch then
    call('HSET', dir_of(device), 'att', '')
    call('SREM', named('attached', me), device)
end
return row[3] == epoch and 1 or 0
