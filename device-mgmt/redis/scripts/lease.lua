-- Takes or renews the node's lease. `how`: renew, or open: an earlier process of the same instance
-- has ended for certain. The token changes with every taking.
-- -> {held, token} | {other, ms it has left}
local how, instance, ttl, token = unpack(ARGV, 4, 7)
local key = named('lease', node)
local mine = boot .. ' ' .. instance
local lease = call('GET', key)
if lease == mine then
    call('PEXPIRE', key, ttl)  -- no SET: this one works without memory
    return {'held', call('HGET', node_key, 'token') or ''}
end
if lease and not (how == 'open' and string.match(lease, '^%S+ (.*)$') == instance) then
    return {'other', text(call('PTTL', key))}
end
call('SET', key, mine, 'PX', ttl)
call('HSET', node_key, 'token', token)
return {'held', token}
