// SPDX-License-Identifier: Apache-2.0
// Streams over HTTP. Thread: the loop's.
#pragma once

#include "plugins/_probes/http_fetch.hpp"
#include "plugins/_probes/text_search.hpp"
#include "plugins/probe_throughput/flow.hpp"
#include "plugins/probe_throughput/throughput_settings.hpp"

namespace cxedge::plugins::throughput {

// Gets the same again and again, until it is enough. Within a budget it asks for no more than that
// leaves (RFC 9110 14.2, Range), so that a server that knows ranges cannot send more.
class HttpDownload final : public Flow {
public:
    HttpDownload(probes::FetchPool& pool, probes::FetchRequest request, Events events);
    void begin() override;
    [[nodiscard]] std::uint64_t moved() const override { return moved_; }
    [[nodiscard]] std::uint64_t promised() const override { return promised_; }
    [[nodiscard]] std::uint32_t retransmits() const override;
    [[nodiscard]] double round_trip_s() const override;
    [[nodiscard]] std::optional<std::uint64_t> arrived() const override;
    [[nodiscard]] std::string address() const override { return address_; }

private:
    void took(const probes::FetchReply& reply);

    probes::FetchPool& pool_;
    probes::FetchRequest request_;
    Events events_;
    std::uint64_t moved_ = 0;
    std::uint64_t promised_ = 0;
    std::uint32_t retransmits_ = 0;
    std::string address_;
    probes::Fetch fetch_;
};

// Sends the bytes of its request, once.
class HttpUpload final : public Flow {
public:
    HttpUpload(probes::FetchPool& pool, probes::FetchRequest request, Events events);
    void begin() override;
    [[nodiscard]] std::uint64_t moved() const override;
    [[nodiscard]] bool is_answered() const override { return true; }
    [[nodiscard]] std::uint32_t retransmits() const override;
    [[nodiscard]] double round_trip_s() const override { return 0; }
    [[nodiscard]] std::string address() const override { return address_; }

private:
    void took(const probes::FetchReply& reply);

    probes::FetchPool& pool_;
    probes::FetchRequest request_;
    Events events_;
    probes::TextSearch form_ = probes::search_for_form();  // of who answers in its place
    mutable probes::FetchProgress latest_;                 // never goes back
    bool over_ = false;
    std::string address_;
    probes::Fetch fetch_;
};

}  // namespace cxedge::plugins::throughput
