#define DOCTEST_CONFIG_IMPLEMENT
#include <csignal>

#include <doctest/doctest.h>

int main(int argc, char** argv) {
    // As the programs do: a peer that has gone is an error of write().
    std::signal(SIGPIPE, SIG_IGN);
    return doctest::Context(argc, argv).run();
}
