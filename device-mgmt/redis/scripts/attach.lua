-- A session of this process takes a device.
-- -> {attached, epoch, owned_before, {node, epoch, remote, over} or {}, unfinished, other owner's node}
--  | {duel, retry_ms, {node, epoch, remote, over}} | {late}: it was ours, and is another's by now
local device, request, remote = unpack(ARGV, 4, 6)
local window, max_takeovers, first_retry, last_retry =
    tonumber(ARGV[7]), tonumber(ARGV[8]), tonumber(ARGV[9]), tonumber(ARGV[10])
local dir = dir_of(device)
local row = call('HMGET', dir, 'owner', 'epoch', 'att', 'node', 'remote', 'req', 'answer')
local owner, att = row[1] or '', row[3] or ''

local function answer(epoch, before, previous, other)
    return {'attached', epoch, before, previous, before == 1 and {} or unfinished(device), other}
end

-- The answer to this request was lost: the same again.
if row[6] == request then
    if owner ~= me or att ~= me then return {'late'} end
    return answer(row[2], unpack(cmsgpack.unpack(row[7])))
end

local now = now_ms()
local over = att ~= '' and alive(att) and 0 or 1
local previous = row[4] and {row[4], row[2], row[5], over} or {}
if over == 0 then
    local duel = of(device, 'duel')
    local state = call('HMGET', duel, 'times', 'retry')
    local times = {}
    for at in string.gmatch(state[1] or '', '%d+') do
        if now - tonumber(at) < window then times[#times + 1] = at end
    end
    local retry = 0
    if #times < max_takeovers then
        times[#times + 1] = text(now)
    else
        retry = tonumber(state[2] or '0')
        retry = retry == 0 and first_retry or math.min(last_retry, retry * 2)
    end
    call('HSET', duel, 'times', table.concat(times, ','), 'retry', text(retry))
    call('PEXPIRE', duel, window)
    if retry > 0 then return {'duel', retry, previous} end
end

local epoch = text(math.max(tonumber(row[2] or '0') + 1, now))
local before = owner == me and 1 or 0
local other = owner ~= '' and node_of(owner) ~= node and node_of(owner) or ''
take(device, owner, request)
call('HSET', dir, 'epoch', epoch, 'att', me, 'node', node, 'remote', remote, 'since', text(now),
     'req', request, 'answer', cmsgpack.pack({before, previous, other}))
call('SADD', named('attached', me), device)
call('SADD', named('owners'), me)
if att ~= '' and att ~= me then
    call('SREM', named('attached', att), device)
    forget_if_empty(att)
end
return answer(epoch, before, previous, other)
