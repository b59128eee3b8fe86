-- Raises where this node stands; an empty argument raises nothing. -> {lsn, epoch,
-- acknowledged}
local row = call('HMGET', node_key, 'lsn', 'epoch', 'acknowledged')
for i, field in ipairs({'lsn', 'epoch', 'acknowledged'}) do
    local value = ARGV[3 + i]
    row[i] = row[i] or '0'
    if value ~= '' and tonumber(value) > tonumber(row[i]) then
        call('HSET', node_key, field, value)
        row[i] = value
    end
end
return row
