dm_library(dm_server
  SOURCES app.cpp
  HEADERS app.hpp
  LINK dm_config dm_relay dm_shard dm_broker dm_ops dm_store
  PRIVATE dm_auth dm_log dm_net fmt::fmt)

dm_program(device-mgmt
  SOURCES main.cpp health_cli.cpp health_cli.hpp
  PRIVATE dm_server dm_auth dm_check dm_config dm_http dm_log
  INSTALL)
