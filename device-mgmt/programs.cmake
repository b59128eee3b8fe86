dm_library(dm_server
  SOURCES app.cpp node_store.cpp
  HEADERS app.hpp node_store.hpp
  LINK dm_config dm_relay dm_shard dm_broker dm_ops dm_store
  PRIVATE dm_auth dm_log dm_net dm_redis fmt::fmt)

dm_program(device-mgmt
  SOURCES main.cpp health_cli.cpp health_cli.hpp
  PRIVATE dm_server dm_auth dm_check dm_config dm_http dm_log
  INSTALL)
