// paho-echo HOST:PORT PREFIX: the least a command server can do with the Paho C library. Takes
// commands from PREFIX/commands/+ at QoS 1 and answers each at once on PREFIX/replies/<device> at
// QoS 1, with no device and no store. What a broker and the library allow, to measure against.

#include "tests/bench/load/direct_device.hpp"

#include <csignal>
#include <cstdio>
#include <string>

#include <MQTTAsync.h>
#include <unistd.h>

namespace {

struct Echo {
    MQTTAsync client = nullptr;
    std::string prefix;
};

int on_message(void* context, char* topic, int /*length*/, MQTTAsync_message* message) {
    auto& echo = *static_cast<Echo*>(context);
    const std::string name{topic};
    const std::string device = name.substr(name.rfind('/') + 1);
    const std::string answer =
        dm::bench::terminal_message({static_cast<const char*>(message->payload),
                                     static_cast<std::size_t>(message->payloadlen)});
    MQTTAsync_send(echo.client,
                   (echo.prefix + "/replies/" + device).c_str(),
                   static_cast<int>(answer.size()),
                   answer.data(),
                   1,
                   0,
                   nullptr);
    MQTTAsync_freeMessage(&message);
    MQTTAsync_free(topic);
    return 1;
}

void on_connected(void* context, MQTTAsync_successData5* /*data*/) {
    auto& echo = *static_cast<Echo*>(context);
    MQTTAsync_callOptions options = MQTTAsync_callOptions_initializer;
    MQTTAsync_subscribe(echo.client, (echo.prefix + "/commands/+").c_str(), 1, &options);
    std::puts("started");
    std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 3) {
        std::fputs("usage: paho-echo HOST:PORT PREFIX\n", stderr);
        return 2;
    }
    Echo echo;
    echo.prefix = argv[2];
    MQTTAsync_createOptions create = MQTTAsync_createOptions_initializer5;
    create.maxBufferedMessages = 100000;
    const std::string url = std::string{"tcp://"} + argv[1];
    if (MQTTAsync_createWithOptions(&echo.client,
                                    url.c_str(),
                                    "paho-echo",
                                    MQTTCLIENT_PERSISTENCE_NONE,
                                    nullptr,
                                    &create) != MQTTASYNC_SUCCESS) {
        return 1;
    }
    MQTTAsync_setCallbacks(echo.client, &echo, nullptr, &on_message, nullptr);
    MQTTAsync_connectOptions connect = MQTTAsync_connectOptions_initializer5;
    connect.maxInflight = 65535;  // a full window is noticed only once a second
    connect.onSuccess5 = &on_connected;
    connect.context = &echo;
    if (MQTTAsync_connect(echo.client, &connect) != MQTTASYNC_SUCCESS) {
        return 1;
    }
    ::pause();  // until a signal
    return 0;
}
