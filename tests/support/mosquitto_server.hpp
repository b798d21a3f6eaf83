// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

#include "tests/support/temp_dir.hpp"

namespace cxedge::test {

struct MosquittoOptions {
    // User name and password; empty: anonymous clients are welcome.
    std::vector<std::pair<std::string, std::string>> users;
    std::string acl;  // lines of mosquitto.conf(5) acl_file, e.g. "topic readwrite #"
    // TLS listener when set: the server's own certificate.
    std::string certificate_file;
    std::string key_file;
    std::string client_ca_file;  // set: clients must have a certificate of this CA
    unsigned max_packet_size = 0;
    unsigned max_inflight = 0;  // 0: mosquitto's default of 20
    bool persistence = false;   // keep sessions and retained messages over restart()
    std::string extra;          // further lines of the configuration
};

// A real mosquitto process with a configuration of its own, on a free port of 127.0.0.1. Ends with
// the object. Throws std::runtime_error with mosquitto's log when it does not start.
class MosquittoServer {
public:
    // False where mosquitto is not installed: print that the test is skipped.
    static bool available();

    explicit MosquittoServer(MosquittoOptions options = {});
    ~MosquittoServer();
    MosquittoServer(const MosquittoServer&) = delete;
    MosquittoServer& operator=(const MosquittoServer&) = delete;

    [[nodiscard]] std::uint16_t port() const { return port_; }
    [[nodiscard]] pid_t pid() const { return pid_; }
    [[nodiscard]] bool running() const { return pid_ > 0; }
    [[nodiscard]] std::string log() const;

    // SIGTERM, and waits for the end. Idempotent.
    void stop();
    // SIGKILL: nothing is saved, no goodbyes.
    void kill();
    // Runs again on the same port. Requires: not running.
    void start();
    void restart() {
        stop();
        start();
    }
    // SIGSTOP and SIGCONT: connections stay, nothing is answered.
    void pause() const;
    void resume() const;

private:
    void write_config() const;
    void write_passwords() const;
    [[nodiscard]] bool launch();
    [[nodiscard]] bool wait_until_accepting();
    void end(int signal);

    MosquittoOptions options_;
    TempDir directory_;
    std::uint16_t port_ = 0;
    pid_t pid_ = -1;
};

}  // namespace cxedge::test
