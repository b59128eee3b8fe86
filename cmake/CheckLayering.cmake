# The rules of docs/architecture.md about who may include what, as a test:
#     cmake -DROOT=<tree> -P cmake/CheckLayering.cmake
# prints every violation and fails if there is one. Debian puts all third-party headers into
# /usr/include, so the compiler cannot notice.
cmake_minimum_required(VERSION 3.25)

# ---- One library, one folder: header pattern → the paths that may include it, and the rule's name.
set(kLibraryRules websocketpp paho sqlite hiredis openssl jwt prometheus restinio spdlog cli toml json
                  asio threads)
set(websocketpp_header "<websocketpp/")
set(websocketpp_paths  "^(device-mgmt/net/|firmware-sim/ws_client\\.cpp$)")
set(paho_header        "<(mqtt/|MQTT)")
set(paho_paths         "^(device-mgmt/broker/|tests/(bench|broker)/)")
set(sqlite_header      "<sqlite3")
set(sqlite_paths       "^(device-mgmt/store/|tests/)")
set(hiredis_header     "<hiredis")
set(hiredis_paths      "^(device-mgmt/redis/|tests/)")
set(openssl_header     "<(openssl/|asio/ssl)")
set(openssl_paths      "^(device-mgmt/(net|auth)/|device-mgmt/broker/openssl_exit\\.cpp$|firmware-sim/|tests/)")
set(jwt_header         "<jwt\\.h>")
set(jwt_paths          "^(device-mgmt/auth/|firmware-sim/|tests/)")
set(prometheus_header  "<prometheus/")
set(prometheus_paths   "^(device-mgmt/ops/|control/metrics\\.cpp$)")
set(restinio_header    "<restinio/")
set(restinio_paths     "^device-mgmt/http/")
set(spdlog_header      "<spdlog/")
set(spdlog_paths       "^device-mgmt/log/")
set(cli_header         "<CLI/")
set(cli_paths          "^(device-mgmt/settings/|device-mgmt/[a-z_]+\\.cpp$|device-mgmt/net/echo_main\\.cpp$|firmware-sim/|tests/bench/)")
set(toml_header        "<toml(\\+\\+|plusplus)")
set(toml_paths         "^(device-mgmt/settings/|firmware-sim/)")
set(json_header        "<nlohmann/json\\.hpp>")
set(json_paths         "^(protocol/[a-z_/]+\\.cpp$|firmware-sim/[a-z_/]+\\.cpp$|tests/)")
set(asio_header        "<asio[/.]")
set(asio_paths         "^(device-mgmt/(net|http|loop|shard|relay|check)/|device-mgmt/[a-z_]+\\.[ch]pp$|control/service\\.hpp$|firmware-sim/|tests/)")
set(threads_header     "<(thread|mutex|shared_mutex|condition_variable|future|atomic)>")
set(threads_paths      "^(device-mgmt/(failpoint|log|net|store|redis|broker|http|ops|loop|shard|relay)/|device-mgmt/[a-z_]+\\.[ch]pp$|control/service\\.hpp$|firmware-sim/|tests/)")

# ---- Direction: a folder includes itself and folders of a lower rank. Files that stand directly in
# device-mgmt/ are the composition root.
set(rank_protocol 0)
set(rank_core 1)
set(rank_log 2)
set(rank_loop 3)
set(rank_net 3)
set(rank_auth 3)
set(rank_store 3)
set(rank_broker 3)
set(rank_http 3)
set(rank_redis 4)
set(rank_ops 4)
set(rank_settings 2)
set(rank_failpoint 2)
set(rank_files 2)
set(rank_shard 6)
set(rank_relay 7)
set(rank_check 7)
set(rank_app 8)
# Of device-mgmt the simulator may use what is no business of the server alone.
set(kSimulatorMayUse protocol broker files log settings)
# So may control.
set(kControlMayUse protocol core files log settings loop auth broker http ops)
set(kSimulatorMayInclude
    "device-mgmt/net/lean_socket.hpp"    # its connections are as lean
    "device-mgmt/net/lean_stream.hpp"    # and its checks' the same stream
    "device-mgmt/check/check_table.hpp") # both checks print the same table

# ---- Texts that must not occur: pattern, where it is forbidden, where it is allowed none the less.
set(kTextRules sleeps clocks)
set(sleeps_pattern   "sleep_for|sleep_until|usleep *\\(|(time|asyncio)\\.sleep")
set(sleeps_forbidden "^tests/")
set(sleeps_allowed   "^$")
set(sleeps_message   "a test that sleeps: wait for the event, or drive the clock by hand")
set(clocks_pattern   "(steady|system|high_resolution)_clock::now|[^a-z_]time\\((nullptr|NULL|0)\\)")
set(clocks_forbidden "^(protocol|device-mgmt|control)/")
set(clocks_allowed   "^device-mgmt/core/clock\\.cpp$")
set(clocks_message   "a clock is read outside device-mgmt/core/clock.cpp: take a Moment as argument")

set(kMaxLines 500)

set(violations "")

function(violation file text)
  set(violations "${violations}${file}: ${text}\n" PARENT_SCOPE)
endfunction()

# layer_of(path): `protocol`, `core` …, `app`, `firmware-sim`, `tests`
function(layer_of path out)
  if(path MATCHES "^device-mgmt/([a-z_]+)/")
    set(${out} "${CMAKE_MATCH_1}" PARENT_SCOPE)
  elseif(path MATCHES "^device-mgmt/")
    set(${out} app PARENT_SCOPE)
  elseif(path MATCHES "^([a-z-]+)/")
    set(${out} "${CMAKE_MATCH_1}" PARENT_SCOPE)
  else()
    set(${out} "" PARENT_SCOPE)
  endif()
endfunction()

# check_direction(file included): whether `file` may include our own header `included`.
function(check_direction file included)
  layer_of("${file}" from)
  layer_of("${included}" to)
  if(NOT included MATCHES "^(protocol|device-mgmt|control|firmware-sim|tests)/")
    violation("${file}" "\"${included}\" is not written from the root of the repository")
  elseif(from STREQUAL "tests" OR from STREQUAL to)
    # Tests see everything, a folder sees itself.
  elseif(from STREQUAL "firmware-sim")
    if(NOT to IN_LIST kSimulatorMayUse AND NOT included IN_LIST kSimulatorMayInclude)
      violation("${file}" "firmware-sim may not use ${to}: \"${included}\"")
    endif()
  elseif(from STREQUAL "control")
    if(NOT to IN_LIST kControlMayUse)
      violation("${file}" "control may not use ${to}: \"${included}\"")
    endif()
  elseif(NOT DEFINED rank_${from} OR NOT DEFINED rank_${to})
    violation("${file}" "no rank for ${from} or ${to} in CheckLayering: \"${included}\"")
  elseif(NOT rank_${to} LESS rank_${from})
    violation("${file}" "${from} may not look up or aside to ${to}: \"${included}\"")
  endif()
  set(violations "${violations}" PARENT_SCOPE)
endfunction()

file(GLOB_RECURSE files RELATIVE "${ROOT}"
  "${ROOT}/protocol/*.[ch]pp" "${ROOT}/device-mgmt/*.[ch]pp" "${ROOT}/firmware-sim/*.[ch]pp"
  "${ROOT}/control/*.[ch]pp"
  "${ROOT}/tests/*.[ch]pp" "${ROOT}/tests/*.py")
list(FILTER files EXCLUDE REGEX "^tests/layering/")
list(SORT files)
if(NOT files)
  message(FATAL_ERROR "CheckLayering: no sources under '${ROOT}'")
endif()

foreach(file IN LISTS files)
  file(STRINGS "${ROOT}/${file}" includes REGEX "^[ \t]*#[ \t]*include")
  # What proves that a header stands alone (dm_library compiles only the others by themselves).
  string(REGEX REPLACE "\\.cpp$" ".hpp" own "${file}")
  if(file MATCHES "\\.cpp$" AND own IN_LIST files)
    list(FIND includes "#include \"${own}\"" place)
    if(NOT place EQUAL 0)
      violation("${file}" "its own header comes first: #include \"${own}\"")
    endif()
  endif()
  foreach(line IN LISTS includes)
    if(line MATCHES "\"(.*)\"")
      check_direction("${file}" "${CMAKE_MATCH_1}")
    endif()
    foreach(rule IN LISTS kLibraryRules)
      if(line MATCHES "${${rule}_header}" AND NOT file MATCHES "${${rule}_paths}")
        violation("${file}" "${rule} does not belong here: ${line}")
      endif()
    endforeach()
  endforeach()

  file(READ "${ROOT}/${file}" text)
  foreach(rule IN LISTS kTextRules)
    if(file MATCHES "${${rule}_forbidden}" AND NOT file MATCHES "${${rule}_allowed}"
       AND text MATCHES "${${rule}_pattern}")
      violation("${file}" "${${rule}_message}")
    endif()
  endforeach()
  string(REGEX REPLACE "[^\n]" "" newlines "${text}")
  string(LENGTH "${newlines}" count)
  if(count GREATER kMaxLines)
    violation("${file}" "${count} lines; at most ${kMaxLines}")
  endif()
endforeach()

if(violations)
  message(NOTICE "${violations}")
  message(FATAL_ERROR "layering is broken, see above")
endif()
list(LENGTH files count)
message(STATUS "layering holds in ${count} files")
