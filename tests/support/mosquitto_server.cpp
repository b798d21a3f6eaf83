// SPDX-License-Identifier: Apache-2.0
#include "tests/support/mosquitto_server.hpp"

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/base/unique_fd.hpp"

namespace cxedge::test {
namespace {

std::string find_program(const std::string& name) {
    for (const char* directory :
         {"/usr/sbin/", "/usr/local/sbin/", "/usr/bin/", "/usr/local/bin/"}) {
        const std::string path = directory + name;
        if (::access(path.c_str(), X_OK) == 0) {
            return path;
        }
    }
    return {};
}

sockaddr_in loopback(std::uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return address;
}

std::uint16_t free_port() {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address = loopback(0);
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::bind(fd.get(), generic, size) != 0 || ::getsockname(fd.get(), generic, &size) != 0) {
        throw std::runtime_error("no free port");
    }
    return ntohs(address.sin_port);
}

bool accepts(std::uint16_t port) {
    const UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const sockaddr_in address = loopback(port);
    return ::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

// Runs a program; its output goes to `log`.
pid_t spawn(const std::vector<std::string>& arguments, const std::string& log) {
    std::vector<char*> argv;
    for (const std::string& argument : arguments) {
        argv.push_back(const_cast<char*>(argument.c_str()));
    }
    argv.push_back(nullptr);
    const pid_t parent = ::getpid();
    const pid_t child = ::fork();
    if (child != 0) {
        return child;
    }
    // Only async-signal-safe calls from here. The child must not outlive a crashed test.
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (::getppid() != parent || out < 0) {
        ::_exit(126);
    }
    ::dup2(out, STDOUT_FILENO);
    ::dup2(out, STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
}

constexpr int kStartAttempts = 5;  // another process may take the port first
constexpr int kStartTries = 1000;  // of 10 ms each
constexpr int kStopTries = 500;

}  // namespace

bool MosquittoServer::available() {
    return !find_program("mosquitto").empty();
}

MosquittoServer::MosquittoServer(MosquittoOptions options) : options_(std::move(options)) {
    if (!options_.users.empty()) {
        write_passwords();
    }
    for (int attempt = 0; attempt < kStartAttempts; ++attempt) {
        port_ = free_port();
        write_config();
        if (launch()) {
            return;
        }
    }
    throw std::runtime_error("mosquitto does not start: " + log());
}

MosquittoServer::~MosquittoServer() {
    resume();
    end(SIGKILL);
}

void MosquittoServer::write_passwords() const {
    const std::string file = directory_.file("passwords");
    std::ofstream(file).close();
    for (const auto& [user, password] : options_.users) {
        const pid_t tool = spawn(
            {find_program("mosquitto_passwd"), "-b", file, user, password}, directory_.file("log")
        );
        int status = 0;
        if (tool < 0 || ::waitpid(tool, &status, 0) != tool || status != 0) {
            throw std::runtime_error("mosquitto_passwd failed: " + log());
        }
    }
}

void MosquittoServer::write_config() const {
    std::ofstream config(directory_.file("mosquitto.conf"));
    // The directory belongs to us alone: mosquitto may not become another user.
    config << (::geteuid() == 0 ? "user root\n" : "");
    config << "listener " << port_ << " 127.0.0.1\n";
    config << "allow_anonymous " << (options_.users.empty() ? "true" : "false") << "\n";
    config << "log_type all\nlog_dest stdout\nlog_timestamp false\n";
    config << "persistence " << (options_.persistence ? "true" : "false") << "\n";
    config << "persistence_location " << directory_.path().string() << "/\n";
    if (!options_.users.empty()) {
        config << "password_file " << directory_.file("passwords") << "\n";
    }
    if (!options_.acl.empty()) {
        std::ofstream(directory_.file("acl")) << options_.acl << "\n";
        std::filesystem::permissions(directory_.file("acl"), std::filesystem::perms::owner_all);
        config << "acl_file " << directory_.file("acl") << "\n";
    }
    if (!options_.certificate_file.empty()) {
        config << "certfile " << options_.certificate_file << "\nkeyfile " << options_.key_file
               << "\n";
    }
    if (!options_.client_ca_file.empty()) {
        config << "cafile " << options_.client_ca_file << "\nrequire_certificate true\n";
    }
    if (options_.max_packet_size > 0) {
        config << "max_packet_size " << options_.max_packet_size << "\n";
    }
    if (options_.max_inflight > 0) {
        config << "max_inflight_messages " << options_.max_inflight << "\n";
    }
    config << options_.extra << "\n";
}

bool MosquittoServer::launch() {
    pid_ = spawn(
        {find_program("mosquitto"), "-c", directory_.file("mosquitto.conf")}, directory_.file("log")
    );
    return pid_ > 0 && wait_until_accepting();
}

bool MosquittoServer::wait_until_accepting() {
    for (int i = 0; i < kStartTries; ++i) {
        if (::waitpid(pid_, nullptr, WNOHANG) != 0) {
            pid_ = -1;
            return false;
        }
        if (accepts(port_)) {
            return true;
        }
        ::poll(nullptr, 0, 10);
    }
    end(SIGKILL);
    return false;
}

void MosquittoServer::start() {
    if (!launch()) {
        throw std::runtime_error("mosquitto does not start again: " + log());
    }
}

void MosquittoServer::stop() {
    resume();
    end(SIGTERM);
}

void MosquittoServer::kill() {
    end(SIGKILL);
}

void MosquittoServer::end(int signal) {
    if (pid_ <= 0) {
        return;
    }
    ::kill(pid_, signal);
    for (int i = 0; i < kStopTries; ++i) {
        if (::waitpid(pid_, nullptr, WNOHANG) != 0) {
            pid_ = -1;
            return;
        }
        ::poll(nullptr, 0, 10);
    }
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
}

void MosquittoServer::pause() const {
    if (pid_ > 0) {
        ::kill(pid_, SIGSTOP);
    }
}

void MosquittoServer::resume() const {
    if (pid_ > 0) {
        ::kill(pid_, SIGCONT);
    }
}

std::string MosquittoServer::log() const {
    std::ifstream file(directory_.file("log"));
    std::ostringstream text;
    text << file.rdbuf();
    return text.str();
}

}  // namespace cxedge::test
