-- Of these devices those that another process owns.
local lost = {}
for i = 4, #ARGV do
    local owner = owner_of(ARGV[i])
    if owner ~= '' and owner ~= me then lost[#lost + 1] = ARGV[i] end
end
return lost
