-- Takes or renews the node's lease. `how`: renew, or open: an earlier process of the same instance
-- has ended for certain. The token changes with every taking.
-- -> {held, token} | {other, ms it has left}
local how, instance, ttl, token = unpack(ARGV, 4, 7)
local key = named('lease', node)
local mine = boot .. ' ' .. instance
local lease = call('GET', key)

-- After a time in which nobody could renew, every node gets one lease's time to come back before
-- its devices are another's. Not when this is the first node that ever was.
local function beat()
    local pulse = named('pulse')
    if call('PEXPIRE', pulse, ttl / 2) == 1 then return end
    if call('EXISTS', named('owners'), named('outboxes')) > 0 then
        redis.pcall('SET', named('grace'), '', 'PX', ttl)
    end
    redis.pcall('SET', pulse, '', 'PX', ttl / 2)  -- without memory neither is there
end

if lease == mine then
    beat()
    call('PEXPIRE', key, ttl)  -- no SET: this one works without memory
    return {'held', call('HGET', node_key, 'token') or ''}
end
if lease and not (how == 'open' and string.match(lease, '^%S+ (.*)$') == instance) then
    return {'other', text(call('PTTL', key))}
end
beat()
call('SET', key, mine, 'PX', ttl)
call('HSET', node_key, 'token', token)
return {'held', token}
