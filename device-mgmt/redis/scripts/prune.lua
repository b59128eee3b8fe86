-- Removes ends, oldest first, that are too old or too many; what its publisher may still repeat is
-- passed over. Looks at `limit` (1 or more) ends from rank `skip` on.
-- -> {rank to go on at, 1 if there is more to do now, Unix ms of the oldest end that is
--    remembered for certain}
local now, keep_ms, keep_count, late_ms, limit, skip =
    tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8]),
    tonumber(ARGV[9])
local ends = named('ends')
local excess = call('ZCARD', ends) - keep_count
local gone, more, rank = false, 0, skip
local rows = call('ZRANGE', ends, skip, skip + limit - 1, 'WITHSCORES')
for i = 1, #rows, 2 do
    local ended_at = tonumber(rows[i + 1])
    if excess <= 0 and now - ended_at < keep_ms then break end
    local device, id = string.match(rows[i], '^([^/]*)/(.*)$')
    local deadline = call('HGET', finished_key(device, id), 'dl')
    if deadline and now < tonumber(deadline) + late_ms then
        rank = rank + 1
    else
        call('ZREM', ends, rows[i])
        call('ZREM', of(device, 'ends'), id)
        call('DEL', finished_key(device, id))
        if call('EXISTS', unfinished_key(device, id)) == 0 then
            call('SREM', named('id', id), device)
        end
        gone = ended_at
        excess = excess - 1
    end
    if i + 1 == #rows and #rows == 2 * limit then more = 1 end
end
if gone then
    if gone > tonumber(call('GET', named('pruned')) or '0') then
        call('SET', named('pruned'), text(gone))
    end
end
local first = call('ZRANGE', ends, 0, 0, 'WITHSCORES')
local oldest = 0
if first[2] then oldest = math.max(tonumber(first[2]), tonumber(call('GET', named('pruned')) or '0')) end
return {rank, more, text(oldest)}
