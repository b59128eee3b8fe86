-- Sessions that an earlier process of this node did not see end are over: some of their devices
-- are offline from now on. -> how many are left
local set = named('online', node)
for _, device in ipairs(call('SRANDMEMBER', set, tonumber(ARGV[4]))) do
    device_stopped(device)
    call('SREM', set, device)
end
return call('SCARD', set)
