-- Takes devices of dead processes: with `only`, of this node's earlier ones.
-- -> list of {device, {node, epoch, remote} or {}, owned_before, unfinished}
local request, max_devices, max_commands, only =
    ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6]), ARGV[7]
local list, commands = {}, 0

local function full() return #list >= max_devices or commands >= max_commands end

local function add(device, owner, ended)
    take(device, owner, request)
    commands = commands + call('ZCARD', order_of(device))
    list[#list + 1] = {device, ended, owner == me and 1 or 0}
end

local function adopt_sessions(dead)
    local set = named('attached', dead)
    for _, device in ipairs(call('SRANDMEMBER', set, 2 * max_devices)) do
        if full() then return end
        local row = call('HMGET', dir_of(device), 'owner', 'att', 'node', 'epoch', 'remote')
        local owner = row[1] or ''
        if row[2] ~= dead then
            call('SREM', set, device)
        elseif owner == '' or owner == me or owner == dead or not alive(owner) then
            call('HSET', dir_of(device), 'att', '')
            call('SREM', set, device)
            device_stopped(device, row[4])
            add(device, owner, {row[3], row[4], row[5]})
        end  -- else a live process owns it by now, which will find this session itself
    end
end

local function adopt_commands(dead)
    local set = named('owned', dead)
    for _, device in ipairs(call('SRANDMEMBER', set, max_devices)) do
        if full() then return end
        if owner_of(device) ~= dead then
            call('SREM', set, device)
        else
            add(device, dead, {})
        end
    end
end

local said = call('HMGET', node_key, 'adopt_req', 'adopt_answer')
if said[1] == request then
    list = cmsgpack.unpack(said[2])  -- the answer to this request was lost
else
    for _, owner in ipairs(call('SMEMBERS', named('owners'))) do
        if not full() and (only == '' or node_of(owner) == node) and not alive(owner) then
            adopt_sessions(owner)
            adopt_commands(owner)
            forget_if_empty(owner)
        end
    end
    if #list > 0 then
        call('HSET', node_key, 'adopt_req', request, 'adopt_answer', cmsgpack.pack(list))
    end
end
for _, adopted in ipairs(list) do
    -- Of one that another process has taken since, nothing.
    adopted[4] = owner_of(adopted[1]) == me and unfinished(adopted[1]) or {}
end
return list
