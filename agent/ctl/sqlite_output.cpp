// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <unordered_map>
#include <utility>

#include <fmt/core.h>

#include "agent/ctl/facts.hpp"
#include "agent/ctl/json_fields.hpp"
#include "agent/ctl/receive_output.hpp"

namespace cxedge::ctl {
namespace {

constexpr const char* kSamplesSchema =
    "CREATE TABLE IF NOT EXISTS batch("
    "  id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, site TEXT NOT NULL, node TEXT NOT NULL,"
    "  epoch TEXT NOT NULL, lane INTEGER NOT NULL, seq INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS series("
    "  id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, site TEXT NOT NULL, node TEXT NOT NULL,"
    "  metric TEXT NOT NULL, dims TEXT NOT NULL, unit TEXT NOT NULL, kind TEXT NOT NULL,"
    "  UNIQUE(tenant, site, node, metric, dims, unit, kind)) STRICT;"
    "CREATE TABLE IF NOT EXISTS sample("
    "  series INTEGER NOT NULL, time_ms INTEGER NOT NULL, value REAL, detail TEXT,"
    "  batch INTEGER NOT NULL) STRICT;"
    "CREATE TABLE IF NOT EXISTS replay("  // nothing in it is new: columns as in sample
    "  series INTEGER NOT NULL, time_ms INTEGER NOT NULL, value REAL, detail TEXT,"
    "  batch INTEGER NOT NULL) STRICT;"
    "CREATE INDEX IF NOT EXISTS sample_time ON sample(series, time_ms);"
    "CREATE TABLE IF NOT EXISTS fact("
    "  type TEXT NOT NULL, time_ms INTEGER NOT NULL, name TEXT NOT NULL, detail TEXT NOT NULL,"
    "  batch INTEGER NOT NULL) STRICT;"
    "CREATE VIEW IF NOT EXISTS samples AS SELECT sample.time_ms, series.tenant, series.site,"
    "  series.node, series.metric, series.dims, series.unit, series.kind, sample.value,"
    "  sample.detail, batch.epoch, batch.lane, batch.seq"
    "  FROM sample JOIN series ON series.id = sample.series JOIN batch ON batch.id = sample.batch;"
    "CREATE VIEW IF NOT EXISTS facts AS SELECT fact.time_ms, batch.tenant, batch.site, batch.node,"
    "  fact.type, fact.name, fact.detail, batch.epoch, batch.lane, batch.seq"
    "  FROM fact JOIN batch ON batch.id = fact.batch;";

class SqliteOutput final : public ReceiveOutput {
public:
    explicit SqliteOutput(ReceiveState& state) : state_(state) {}

    Status open() {
        if (Status made = state_.database().execute(kSamplesSchema); !made) {
            return made;
        }
        const std::array<std::pair<store::Statement*, const char*>, 6> statements{
            {{&batch_,
              "INSERT INTO batch(tenant,site,node,epoch,lane,seq) VALUES(?1,?2,?3,?4,?5,?6)"
              " RETURNING id"},
             {&find_series_,
              "SELECT id FROM series WHERE tenant=?1 AND site=?2 AND node=?3 AND metric=?4"
              " AND dims=?5 AND unit=?6 AND kind=?7"},
             {&add_series_,
              "INSERT INTO series(tenant,site,node,metric,dims,unit,kind)"
              " VALUES(?1,?2,?3,?4,?5,?6,?7) RETURNING id"},
             {&sample_, "INSERT INTO sample VALUES(?1,?2,?3,?4,?5)"},
             {&replay_, "INSERT INTO replay VALUES(?1,?2,?3,?4,?5)"},
             {&fact_, "INSERT INTO fact VALUES(?1,?2,?3,?4,?5)"}}};
        for (const auto& [statement, sql] : statements) {
            auto prepared = state_.database().prepare(sql);
            if (!prepared) {
                return prepared.error();
            }
            *statement = std::move(*prepared);
        }
        return {};
    }

    void batch(const ShownBatch& batch) override {
        if (failure_) {  // nothing more of this transaction can count
            failure_ = write(batch);
        }
    }

    Status settle(ReceiveState& /*state*/) override { return failure_; }

private:
    Status write(const ShownBatch& batch) {
        if (Status begun = state_.begin(); !begun) {
            return begun;
        }
        const auto id = write_batch(batch);
        if (!id) {
            return id.error();
        }
        for (const Sample& sample : batch.body.samples) {
            const SeriesInfo* info = batch.dictionary.find(index_of(sample.series));
            Status done = info == nullptr ? Status() : write_sample(batch, sample, *info, *id);
            if (!done) {
                return done;
            }
        }
        return write_facts(batch, *id);
    }

    Result<std::int64_t> write_batch(const ShownBatch& batch) {
        const std::string epoch = fmt::format("{:016x}", batch.header.epoch);
        const Origin& origin = batch.origin;
        batch_.bind_text(1, origin.tenant).bind_text(2, origin.site).bind_text(3, origin.node);
        batch_.bind_text(4, epoch).bind(5, static_cast<std::int64_t>(batch.header.lane));
        batch_.bind(6, store::to_column(batch.header.seq));
        return id_from(batch_);
    }

    // The id in the one row that `statement` gives; 0 when it gives none.
    static Result<std::int64_t> id_from(store::Statement& statement) {
        const std::int64_t id = statement.next() ? statement.integer(0) : 0;
        while (id != 0 && statement.next()) {
        }
        const Status done = statement.finish();
        return done ? Result(id) : done.error();
    }

    Status write_sample(
        const ShownBatch& from, const Sample& sample, const SeriesInfo& info, std::int64_t batch
    ) {
        const auto series = series_id(from.origin, info);
        if (!series) {
            return series.error();
        }
        const FlatValue value = flat_value(sample, info);
        store::Statement& insert = from.body.replay == 0 ? sample_ : replay_;
        insert.bind(1, *series).bind(2, sample.time.ms).bind(5, batch);
        if (value.finite) {
            insert.bind_real(3, value.number);
        }
        if (!value.detail.empty()) {
            insert.bind_text(4, value.detail);
        }
        return insert.run();
    }

    Status write_facts(const ShownBatch& batch, std::int64_t id) {
        for (const Fact& fact : facts_of(batch.body)) {
            fact_.bind_text(1, fact.type).bind(2, fact.time_ms).bind_text(3, fact.name);
            fact_.bind_text(4, fact.detail).bind(5, id);
            if (Status done = fact_.run(); !done) {
                return done;
            }
        }
        return {};
    }

    Result<std::int64_t> series_id(const Origin& origin, const SeriesInfo& info) {
        std::string dims;
        append_dimensions(dims, info.key.dims);
        const std::array<std::string_view, 7> columns{
            origin.tenant,
            origin.site,
            origin.node,
            info.key.metric,
            dims,
            info.unit,
            to_string(info.kind)};
        std::string key;
        for (const std::string_view column : columns) {
            key.append(column).push_back('\0');
        }
        std::int64_t& known = series_ids_[key];
        for (store::Statement* statement : {&find_series_, &add_series_}) {
            if (known != 0) {
                break;
            }
            for (std::size_t i = 0; i < columns.size(); ++i) {
                statement->bind_text(static_cast<int>(i) + 1, columns.at(i));
            }
            auto id = id_from(*statement);
            if (!id) {
                return id;
            }
            known = *id;
        }
        return known;
    }

    ReceiveState& state_;
    store::Statement batch_;
    store::Statement find_series_;
    store::Statement add_series_;
    store::Statement sample_;
    store::Statement replay_;
    store::Statement fact_;
    std::unordered_map<std::string, std::int64_t> series_ids_;
    Status failure_;
};

}  // namespace

Result<std::unique_ptr<ReceiveOutput>> open_sqlite_output(ReceiveState& state) {
    auto output = std::make_unique<SqliteOutput>(state);
    if (const Status opened = output->open(); !opened) {
        return opened.error();
    }
    return {std::move(output)};
}

}  // namespace cxedge::ctl
