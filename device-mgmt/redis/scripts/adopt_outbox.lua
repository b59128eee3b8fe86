-- Takes kept messages of dead nodes, oldest first. -> their new numbers
local request, after, max = ARGV[4], tonumber(ARGV[5]), tonumber(ARGV[6])
local said = call('HMGET', node_key, 'outbox_req', 'outbox_answer', 'outbox_max')
if said[1] == request then return cmsgpack.unpack(said[2]) end  -- the answer was lost

local mine = named('outbox', node)
local last = math.max(after, tonumber(said[3] or '0'))
local numbers = {}
for _, name in ipairs(call('SMEMBERS', named('outboxes'))) do
    local theirs = named('outbox', name)
    if name ~= node and #numbers < max and not node_alive(name) then
        local old = call('HKEYS', theirs)
        table.sort(old, function(a, b) return tonumber(a) < tonumber(b) end)
        for i = 1, math.min(#old, max - #numbers) do
            last = last + 1
            call('HSET', mine, text(last), call('HGET', theirs, old[i]))
            call('HDEL', theirs, old[i])
            numbers[#numbers + 1] = text(last)
        end
        if call('EXISTS', theirs) == 0 then call('SREM', named('outboxes'), name) end
    end
end
if #numbers > 0 then
    call('SADD', named('outboxes'), node)
    call('HSET', node_key, 'outbox_req', request, 'outbox_answer', cmsgpack.pack(numbers),
         'outbox_max', text(last))
end
return numbers
