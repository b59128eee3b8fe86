-- Stands in front of every script: the names of the keys, and what several scripts do.
--
-- ARGV: prefix, node, boot, then the script's own arguments. Keys are made here and not passed:
-- these scripts are for one primary, not for a cluster. Numbers stay below 2^53.
--
-- Keys, each behind `<prefix>:`. An owner is `node/boot`, a time is Unix ms.
--   {device}:dir      hash: owner, epoch (last given), att (owner that holds a session, or empty),
--                     node remote since (of that session), ended (ends so far), req answer own_req
--                     (of the last request). Stays for good: epochs of a device only rise
--   {device}:u:<id>   hash, an unfinished command: seq (of all acceptances), c (encoded), s (state),
--                     a (attempts), r (reply_by), n at by op (for lists), h (history)
--   {device}:order    zset of the unfinished ids by seq
--   {device}:f:<id>   hash, an end: num (of the device's ends), e (encoded), fin, acc (accepted), dl
--                     (deadline), and as above
--   {device}:ends     zset of the ended ids by num
--   {device}:duel     hash: times of take-overs, retry
--   {device}:dev      hash: what is known of the device
--   seq               counter of acceptances
--   ends              zset of `device/id` by the time of the end; pruned: the latest one removed
--   id:<id>           set of the devices that have a command of this id
--   devices, online, offline   zsets of device ids by name; seen: the offline ones by last_seen
--   online:<node>     set of the devices whose record says online there
--   outbox:<node>     hash: number -> encoded message; outboxes: set of nodes that may have one
--   node:<node>       hash: lsn, epoch, token (of the lease), outbox_max, last requests
--   lease:<node>      `boot instance`, expires
--   pulse             expires half a lease after any node's lease was taken or renewed
--   grace             for one lease after a time without pulse
--   owned:<owner>     set of devices with unfinished commands
--   attached:<owner>  set of devices with a session; owners: set of owners that have either
local prefix, node, boot = ARGV[1], ARGV[2], ARGV[3]
local me = node .. '/' .. boot  -- an owner: a process of a node

local kMaxHistoryBytes = 65536  -- of one command; later steps are not noted

local call = redis.call

local function named(...) return prefix .. ':' .. table.concat({...}, ':') end
local function of(device, what) return prefix .. ':{' .. device .. '}:' .. what end
local function dir_of(device) return of(device, 'dir') end
local function order_of(device) return of(device, 'order') end
local function unfinished_key(device, id) return of(device, 'u:' .. id) end
local function finished_key(device, id) return of(device, 'f:' .. id) end

local node_key = named('node', node)

local function text(number) return string.format('%.0f', number) end

local function now_ms()
    local time = call('TIME')
    return tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end

local function node_of(owner) return string.match(owner, '^(.*)/') end

-- Nobody could renew for a while, so a lease that is gone does not say that its node is.
local function in_grace()
    return call('EXISTS', named('pulse')) == 0 or call('EXISTS', named('grace')) == 1
end

local function node_alive(name)
    return call('EXISTS', named('lease', name)) == 1 or in_grace()
end

-- Whether this process, "node/boot", holds its node's lease, "boot instance".
local function alive(owner)
    if owner == me then return true end
    local lease = call('GET', named('lease', node_of(owner)))
    if not lease then return in_grace() end
    return string.match(lease, '^%S+') == string.match(owner, '/(.*)$')
end

local function owner_of(device) return call('HGET', dir_of(device), 'owner') or '' end

local function forget_if_empty(owner)
    if owner ~= '' and owner ~= me and
        call('EXISTS', named('owned', owner), named('attached', owner)) == 0 then
        call('SREM', named('owners'), owner)
    end
end

-- The device is this process's by this request; `from` owned it.
local function take(device, from, request)
    if from == me then return end
    if from ~= '' then call('SREM', named('owned', from), device) end
    call('HSET', dir_of(device), 'owner', me, 'took', request)
    if call('EXISTS', order_of(device)) == 1 then
        call('SADD', named('owned', me), device)
        call('SADD', named('owners'), me)
    end
    forget_if_empty(from)
end

-- What a write of a command begins with: nothing stands in its way, or `lost`, another process owns
-- the device, or `stale`: it was called while a request of this process was under way that took the
-- device from another, so by what was known before. The last argument is the number of the oldest
-- request under way, or empty.
--
-- A device that nobody owns becomes this process's, and so does one of an earlier process of this
-- node, as long as this one holds the lease. That of a dead process of another node does not: it may
-- have ended what is written here.
local function refused(device)
    local row = call('HMGET', dir_of(device), 'owner', 'took')
    local owner, oldest = row[1] or '', ARGV[#ARGV]
    if owner == me then
        local by, number = string.match(row[2] or '', '^(.*)/(%d+)$')
        local stale = oldest ~= '' and by == boot and tonumber(number) >= tonumber(oldest)
        return stale and 'stale' or nil
    end
    if owner ~= '' then
        if node_of(owner) ~= node then return 'lost' end
        local lease = call('GET', named('lease', node))
        if not lease or string.match(lease, '^%S+') ~= boot then return 'lost' end
    end
    take(device, owner, '')
    return nil
end

-- The unfinished commands of a device in order of acceptance: {number, state, attempts, reply_by,
-- command}.
local function unfinished(device)
    local rows = {}
    for _, id in ipairs(call('ZRANGE', order_of(device), 0, -1)) do
        local row = call('HMGET', unfinished_key(device, id), 'seq', 's', 'a', 'r', 'c')
        if row[1] then rows[#rows + 1] = row end
    end
    return rows
end

local function step(at, state, attempts, detail)
    return '\n' .. at .. ' ' .. state .. ' ' .. attempts .. ' ' .. node .. ' ' .. detail .. '\n'
end

-- Steps that are there already stay single: a batch may be sent again.
local function with_step(history, added)
    if string.find(history, added, 1, true) or #history + #added > kMaxHistoryBytes then
        return history
    end
    return history .. added
end

local kListed = {'n', 's', 'a', 'at', 'by', 'r', 'op'}

-- {device, id, 0 unfinished | 1 ended, number, command's name, state, attempts, accepted, send_by,
-- reply_by, operator, finished, history, end}; false if there is no such command.
local function record(device, id, brief)
    local key = unfinished_key(device, id)
    local kind, number, finished, history, ended = 0, call('HGET', key, 'seq'), '', '', ''
    if not number then
        key = finished_key(device, id)
        kind, number = 1, call('HGET', key, 'num')
        if not number then return false end
        finished = call('HGET', key, 'fin')
    end
    local row = call('HMGET', key, unpack(kListed))
    if not brief then
        history = call('HGET', key, 'h')
        ended = kind == 1 and call('HGET', key, 'e') or ''
    end
    return {device, id, kind, number, row[1], row[2], row[3], row[4], row[5], row[6], row[7],
            finished, history, ended}
end

-- A device's record says online although that session, with this epoch or any, has ended unseen.
local function device_stopped(device, epoch)
    local key = of(device, 'dev')
    local row = call('HMGET', key, 'on', 'epoch', 'node', 'last')
    if row[1] ~= '1' or (epoch and row[2] ~= epoch) then return end
    call('HSET', key, 'on', '0', 'reason', 'node_stopped', 'since', row[4])
    call('ZREM', named('online'), device)
    call('ZADD', named('offline'), 0, device)
    call('ZADD', named('seen'), row[4], device)
    call('SREM', named('online', row[3]), device)
end
