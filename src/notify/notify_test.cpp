#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <thread>

#include "base/file.h"
#include "base/random.h"
#include "net/testing/mail_server.h"
#include "net/testing/server.h"
#include "notify/channels.h"
#include "notify/command.h"
#include "notify/outbox.h"
#include "notify/settings.h"

namespace siegel::notify {
namespace {

namespace fs = std::filesystem;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

const Instant noon = *Instant::parse("2026-11-21T12:00:00Z");

Event outage(const std::string& id = "evt-1") {
  Event event;
  event.id = id;
  event.name = "outage.started";
  event.at = noon;
  event.devices = {"5f0c", "tse-1"};
  event.registers = {"KASSE-01", "KASSE-02"};
  event.data.set("number", 3);
  event.de = {"TSE ausgefallen", "Die TSE antwortet nicht.\n"};
  event.en = {"TSE failed", "The TSE does not answer.\n"};
  return event;
}

Settings settings_of(const std::string& text) {
  const auto value = json::parse(text);
  SIEGEL_CHECK(value.ok());
  auto settings = settings_from_json(*value);
  if (!settings) ADD_FAILURE() << settings.error().detail << " " << settings.error().place;
  return settings ? *settings : Settings();
}

Error refusal_of(const std::string& text) {
  const auto value = json::parse(text);
  SIEGEL_CHECK(value.ok());
  const auto settings = settings_from_json(*value);
  return settings ? Error{ErrorKind::invalid, "none", ""} : settings.error();
}

/// Secrets in memory.
class TestVault final : public vault::Vault {
 public:
  Result<crypto::SecretBytes> get(const vault::SecretId& id) override {
    const auto found = secrets.find(id.text());
    if (found == secrets.end()) return not_found("E-VLT-002", "no secret " + id.text());
    return found->second.clone();
  }
  Status put(const vault::SecretId& id, const crypto::SecretBytes& secret) override {
    secrets[id.text()] = secret.clone();
    return Ok{};
  }
  Status remove(const vault::SecretId& id) override {
    secrets.erase(id.text());
    return Ok{};
  }
  Result<std::vector<vault::SecretId>> list() override { return std::vector<vault::SecretId>(); }

  std::map<std::string, crypto::SecretBytes> secrets;
};

class Folder {
 public:
  Folder() {
    std::string name = (fs::temp_directory_path() / "siegel-notify-XXXXXX").string();
    SIEGEL_CHECK(mkdtemp(name.data()) != nullptr);
    path = name;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path, ignored);
  }
  fs::path path;
};

// ---- settings -----------------------------------------------------------------------------------

constexpr std::string_view everything = R"({
  "language": "en",
  "mail": {"host": "mail.example.de", "port": 465, "security": "tls", "user": "kasse",
           "from": "kasse@example.de", "from_name": "Kasse", "ca_file": "/etc/ca.pem"},
  "remind_after_minutes": [30, 120], "remind_every_minutes": 720,
  "recipients": [
    {"name": "chef", "mail": "chef@example.de; technik@example.de", "language": "de"},
    {"name": "erp", "webhook": "https://erp.example.de/hook",
     "events": ["outage.*", "closing.created"],
     "devices": ["tse-1"], "registers": ["KASSE-01"]},
    {"name": "lamp", "command": ["/usr/local/bin/lamp", "--red"], "time_limit": 5}
  ]})";

TEST(notify_settings, are_read_and_written_whole) {
  const Settings settings = settings_of(std::string(everything));
  ASSERT_EQ(settings.recipients.size(), 3U);
  EXPECT_EQ(settings.recipients[0].mail,
            (std::vector<std::string>{"chef@example.de", "technik@example.de"}));
  EXPECT_EQ(settings.recipients[1].channel, Channel::webhook);
  EXPECT_EQ(settings.recipients[2].time_limit, seconds(5));
  const Folder folder;
  ASSERT_TRUE(write_settings(folder.path, settings).ok());
  const auto again = read_settings(folder.path);
  ASSERT_TRUE(again.ok()) << again.error().detail;
  EXPECT_EQ(**again, settings);
  EXPECT_EQ(fs::status(folder.path / "notify.json").permissions(),
            fs::perms::owner_read | fs::perms::owner_write);
}

TEST(notify_settings, what_is_wrong_is_named) {
  EXPECT_EQ(refusal_of(R"({"recipients":[{"name":"a","mail":"x@y.de"}]})").place,
            "/recipients/0/mail");
  EXPECT_EQ(refusal_of(R"({"recipients":[{"name":"a"}]})").code, "E-NOT-103");
  EXPECT_EQ(refusal_of(R"({"recipients":[{"name":"A b","command":["/bin/true"]}]})").place,
            "/recipients/0/name");
  EXPECT_EQ(refusal_of(R"({"recipients":[{"name":"a","command":["lamp"]}]})").place,
            "/recipients/0/command");
  EXPECT_EQ(
      refusal_of(R"({"recipients":[{"name":"a","command":["/bin/true"],"time_limit":301}]})").code,
      "E-JSN-024");
  EXPECT_EQ(refusal_of(R"({"recipients":[{"name":"a","webhook":"ftp://a.de"}]})").code,
            "E-NET-001");
  EXPECT_EQ(
      refusal_of(R"({"recipients":[{"name":"a","command":["/bin/true"],"events":["outag"]}]})")
          .place,
      "/recipients/0/events/0");
  EXPECT_EQ(refusal_of(R"({"recipients":[{"name":"a","command":["/bin/true"]},
                                         {"name":"a","command":["/bin/true"]}]})")
                .place,
            "/recipients/1/name");
  EXPECT_EQ(refusal_of(R"({"remind_after_minutes":[60,60],"recipients":[]})").code, "E-JSN-024");
  const Folder folder;
  EXPECT_FALSE(*read_settings(folder.path));
  ASSERT_TRUE(write_file(folder.path / "notify.json", bytes_of("{")).ok());
  EXPECT_EQ(read_settings(folder.path).error().code, "E-NOT-101");
}

TEST(notify_settings, a_recipient_gets_what_its_filters_let_through) {
  Settings settings = settings_of(std::string(everything));
  Recipient& erp = settings.recipients[1];
  Event event = outage();
  EXPECT_TRUE(settings.recipients[0].wants(event));
  EXPECT_TRUE(erp.wants(event)) << "our id of the device and one of its registers";
  event.devices = {"77aa", "tse-2"};
  EXPECT_FALSE(erp.wants(event));
  event = outage();
  event.registers = {"KASSE-03"};
  EXPECT_FALSE(erp.wants(event));
  event = outage();
  event.name = "signature.late";
  EXPECT_FALSE(erp.wants(event));
  event.name = "closing.created";
  event.devices.clear();
  event.registers = {"KASSE-01"};
  EXPECT_TRUE(erp.wants(event)) << "it is about no device";
}

TEST(notify_settings, reminders_come_after_each_interval_and_then_regularly) {
  Settings settings;
  settings.remind_after = {minutes(60), minutes(480)};
  settings.remind_every = minutes(1440);
  EXPECT_EQ(settings.reminders_due(minutes(59)), 0U);
  EXPECT_EQ(settings.reminders_due(minutes(60)), 1U);
  EXPECT_EQ(settings.reminders_due(minutes(479)), 1U);
  EXPECT_EQ(settings.reminders_due(minutes(480)), 2U);
  EXPECT_EQ(settings.reminders_due(minutes(480 + 1439)), 2U);
  EXPECT_EQ(settings.reminders_due(minutes(480 + 1440)), 3U);
  EXPECT_EQ(settings.reminders_due(minutes(480 + 14400)), 12U);
  settings.remind_every = minutes(0);
  EXPECT_EQ(settings.reminders_due(minutes(480 + 14400)), 2U);
  settings.remind_after.clear();
  EXPECT_EQ(settings.reminders_due(minutes(100'000)), 0U);
}

// ---- outbox -------------------------------------------------------------------------------------

TEST(notify_outbox, what_fails_waits_longer_each_time_and_is_given_up_after_a_day) {
  const Settings settings = settings_of(std::string(everything));
  Outbox box;
  Instant now = noon;
  box.add_for(outage(), settings.recipients[1], now);
  const Error away = unavailable("E-NET-003", "no connection");
  for (const seconds wait :
       {seconds(30), seconds(300), seconds(1800), seconds(7200), seconds(28800), seconds(86400)}) {
    const auto due = box.due(now, false);
    ASSERT_EQ(due.size(), 1U);
    box.failed(due.front(), away, now);
    EXPECT_TRUE(box.due(now + wait - milliseconds(1), false).empty());
    ASSERT_EQ(box.due(now + wait, false).size(), 1U);
    EXPECT_EQ(*box.next_due(), now + wait);
    now = now + wait;
  }
  box.failed(box.due(now, false).front(), away, now);
  EXPECT_TRUE(box.due(now + hours(1000), true).empty());
  ASSERT_EQ(box.deliveries().size(), 1U);
  EXPECT_TRUE(box.deliveries().front().dead);
  EXPECT_EQ(box.deliveries().front().code, "E-NET-003");
  EXPECT_EQ(box.deliveries().front().attempts, 7);
  EXPECT_EQ(box.revive("another", "", now), 0U);
  EXPECT_EQ(box.revive("", "erp", now), 1U);
  EXPECT_EQ(box.due(now, false).size(), 1U);
  box.delivered(box.due(now, false).front());
  EXPECT_TRUE(box.deliveries().empty());
  EXPECT_EQ(box.event("evt-1"), nullptr);
}

TEST(notify_outbox, a_wrong_request_is_dead_at_once_and_410_turns_the_webhook_off) {
  const Settings settings = settings_of(std::string(everything));
  Outbox box;
  box.add(outage("a"), settings, noon);
  box.add(outage("b"), settings, noon);
  box.add(outage("b"), settings, noon);  // the same event again
  ASSERT_EQ(box.deliveries().size(), 8U) << "two addresses, a webhook and a command each";
  const auto to = [&](const std::string& name) {
    std::vector<Delivery> out;
    for (const Delivery& one : box.due(noon, true))
      if (one.recipient == name) out.push_back(one);
    return out;
  };
  box.failed(to("lamp").front(), invalid("E-NET-024", "refused"), noon);
  EXPECT_EQ(to("lamp").size(), 1U);
  box.failed(to("erp").front(), invalid("E-NOT-112", "gone"), noon);
  EXPECT_TRUE(to("erp").empty()) << "also what waited beside it";
  box.add(outage("c"), settings, noon);
  EXPECT_TRUE(to("erp").empty()) << "and what comes later";
  EXPECT_EQ(box.revive("", "erp", noon), 3U);
  EXPECT_EQ(to("erp").size(), 3U);
}

TEST(notify_outbox, survives_its_process) {
  const Settings settings = settings_of(std::string(everything));
  const Folder folder;
  Outbox box;
  box.position = 4711;
  box.told.insert("month/KASSE-01");
  box.off.insert("lamp");
  box.lasting["5f0c/3"] = {noon, 2};
  box.add(outage(), settings, noon);
  box.failed(box.due(noon, false).front(), unavailable("E-NET-003", "line\nbreak"), noon);
  ASSERT_TRUE(box.save(folder.path).ok());
  const Outbox again = Outbox::load(folder.path);
  EXPECT_EQ(again.position, 4711U);
  EXPECT_EQ(again.told, box.told);
  EXPECT_EQ(again.off, box.off);
  EXPECT_EQ(again.lasting, box.lasting);
  EXPECT_EQ(again.deliveries(), box.deliveries());
  ASSERT_NE(again.event("evt-1"), nullptr);
  EXPECT_EQ(json::canonical(to_json_value(*again.event("evt-1"))),
            json::canonical(to_json_value(outage())));
  ASSERT_TRUE(write_file(folder.path / "notices.json", bytes_of("[1")).ok());
  EXPECT_TRUE(Outbox::load(folder.path).deliveries().empty());
}

TEST(notify_outbox, is_bounded) {
  const Settings settings = settings_of(std::string(everything));
  Outbox box;
  for (std::size_t i = 0; i < Outbox::deliveries_max + 10; ++i)
    box.add_for(outage(fmt::format("e{}", i)), settings.recipients[2], noon);
  EXPECT_EQ(box.due(noon, true).size(), Outbox::deliveries_max);
  EXPECT_EQ(box.deliveries().back().code, "E-NOT-131");
  EXPECT_TRUE(box.deliveries().back().dead);
}

// ---- webhooks -----------------------------------------------------------------------------------

TEST(notify_webhook, the_signature_is_that_of_standard_webhooks) {
  // The example in the documentation of the scheme.
  const auto secret = webhook_secret_from_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  ASSERT_TRUE(secret.ok());
  EXPECT_EQ(webhook_signature(*secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330,
                              R"({"test": 2432232314})"),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
  EXPECT_EQ(webhook_secret_text(*secret), "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
  EXPECT_EQ(webhook_secret_from_text("whsec_c2hvcnQ=").error().code, "E-NOT-104");
  EXPECT_EQ(webhook_secret_from_text("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").error().code, "E-NOT-104");
}

struct Webhook {
  explicit Webhook(net::testing::Handler handler) {
    auto made = net::testing::Server::start(std::move(handler));
    SIEGEL_CHECK(made.ok());
    server = std::move(*made);
    settings = settings_of(
        fmt::format(R"({{"recipients":[{{"name":"erp","webhook":"{}/hook"}}]}})", server->url()));
    SeededRandom random(7);
    const crypto::SecretBytes secret = crypto::SecretBytes::random(32, random);
    SIEGEL_CHECK(vault.put(*webhook_secret_id("erp"), secret).ok());
  }
  Status send(const std::atomic<bool>* stop = nullptr) {
    return deliver({settings, vault, system_clock(), stop}, settings.recipients.front(), "",
                   outage());
  }
  std::unique_ptr<net::testing::Server> server;
  Settings settings;
  TestVault vault;
};

TEST(notify_webhook, arrives_signed_at_a_real_server) {
  Webhook hook([](const auto&) { return net::testing::Response{.status = 204}; });
  const auto sent = hook.send();
  ASSERT_TRUE(sent.ok()) << sent.error().detail;
  ASSERT_EQ(hook.server->requests().size(), 1U);
  const net::testing::Request request = hook.server->requests().front();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/hook");
  EXPECT_EQ(request.header("content-type"), "application/json");
  EXPECT_EQ(request.header("webhook-id"), "evt-1");
  const auto secret = hook.vault.get(*webhook_secret_id("erp"));
  const std::int64_t at = std::stoll(request.header("webhook-timestamp"));
  EXPECT_EQ(request.header("webhook-signature"),
            webhook_signature(*secret, "evt-1", at, request.body));
  EXPECT_EQ(request.body, json::canonical(to_json_value(outage())));
}

TEST(notify_webhook, any_other_answer_is_a_failure_and_410_is_for_good) {
  int status = 500;
  Webhook hook([&](const auto&) { return net::testing::Response{.status = status}; });
  EXPECT_EQ(hook.send().error().code, "E-NOT-111");
  status = 302;
  EXPECT_EQ(hook.send().error().code, "E-NOT-111") << "redirects are not followed";
  status = 410;
  EXPECT_EQ(hook.send().error().code, "E-NOT-112");
  EXPECT_EQ(hook.send().error().kind, ErrorKind::invalid);
  hook.vault.secrets.clear();
  EXPECT_EQ(hook.send().error().code, "E-VLT-002") << "never without its signature";
}

TEST(notify_webhook, a_server_that_holds_the_line_lets_go_when_the_shop_is_closed) {
  std::atomic<bool> heard{false};
  Webhook hook([&](const auto&) {
    heard = true;
    return net::testing::Response{.fault = net::testing::Fault::hold};
  });
  std::atomic<bool> stop{false};
  std::thread closing([&] {
    while (!heard) std::this_thread::yield();
    stop = true;
  });
  EXPECT_EQ(hook.send(&stop).error().kind, ErrorKind::unknown);
  closing.join();
}

// ---- mail ---------------------------------------------------------------------------------------

TEST(notify_mail, arrives_at_a_real_server_in_the_recipients_language) {
  auto server = net::testing::MailServer::start(SIEGEL_SOURCE_DIR, {});
  ASSERT_TRUE(server.ok()) << server.error().detail;
  const Settings settings = settings_of(fmt::format(
      R"({{"mail":{{"host":"127.0.0.1","port":{},"security":"plain","from":"kasse@example.de"}},
           "recipients":[{{"name":"boss","mail":"boss@example.de","language":"en"}}]}})",
      (*server)->port()));
  TestVault vault;
  for (int i = 0; i < 2; ++i) {
    const auto sent = deliver({settings, vault, system_clock()}, settings.recipients.front(),
                              "boss@example.de", outage());
    ASSERT_TRUE(sent.ok()) << sent.error().detail;
  }
  const auto first = (*server)->next();
  const auto second = (*server)->next();
  ASSERT_TRUE(first.ok() && second.ok());
  EXPECT_EQ(first->to, std::vector<std::string>{"boss@example.de"});
  EXPECT_NE(first->content.find("Subject: TSE failed"), std::string::npos) << first->content;
  const auto id_of = [](const std::string& content) {
    const auto at = content.find("Message-ID:");
    return content.substr(at, content.find("\r\n", at) - at);
  };
  EXPECT_EQ(id_of(first->content), id_of(second->content)) << "told twice, it is the same mail";
}

// ---- commands -----------------------------------------------------------------------------------

Result<CommandOutcome> run_shell(const std::string& script, milliseconds limit = minutes(1),
                                 const std::atomic<bool>* stop = nullptr) {
  return run_command({.arguments = {"/bin/sh", "-c", script},
                      .environment = {"SIEGEL_EVENT=outage.started"},
                      .input = "{\"a\":1}\n",
                      .time_limit = limit,
                      .stop = stop},
                     system_clock());
}

TEST(notify_command, gets_the_event_on_its_input_and_says_how_it_ended) {
  const auto outcome = run_shell("cat; echo $SIEGEL_EVENT; pwd; echo bad >&2; exit 7");
  ASSERT_TRUE(outcome.ok()) << outcome.error().detail;
  EXPECT_EQ(outcome->exit_code, 7);
  EXPECT_EQ(outcome->output, "{\"a\":1}\noutage.started\n/\nbad\n");
  EXPECT_EQ(run_shell("kill -9 $$")->exit_code, -1);
}

TEST(notify_command, its_arguments_are_seen_by_no_shell) {
  const auto outcome = run_command(
      {.arguments = {"/bin/echo", "$(id)", "; rm -rf /", "`ls`"}, .input = {}}, system_clock());
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->output, "$(id) ; rm -rf / `ls`\n");
  EXPECT_EQ(
      run_command({.arguments = {"/no/such/program"}, .input = {}}, system_clock()).error().code,
      "E-NOT-121");
}

TEST(notify_command, what_it_says_is_bounded_and_it_need_not_read) {
  const auto outcome = run_command({.arguments = {"/bin/sh", "-c", "yes | head -c 10000000"},
                                    .input = std::string(10'000'000, 'x'),
                                    .time_limit = minutes(1)},
                                   system_clock());
  ASSERT_TRUE(outcome.ok()) << outcome.error().detail;
  EXPECT_EQ(outcome->exit_code, 0);
  EXPECT_EQ(outcome->output.size(), output_bytes_max);
}

TEST(notify_command, past_its_limit_it_and_its_children_are_ended) {
  const Folder folder;
  const std::string pid_file = (folder.path / "pid").string();
  // The inner sleep holds the pipe open: nobody may wait for it.
  const auto outcome =
      run_shell("sleep 1000 & echo $! > " + pid_file + "; sleep 1000", milliseconds(500));
  EXPECT_EQ(outcome.error().code, "E-NOT-123");
  std::ifstream file(pid_file);
  pid_t child = 0;
  file >> child;
  ASSERT_GT(child, 0);
  // It was killed; init, or whoever adopted it, may still have to reap it.
  const std::string stat_file = fmt::format("/proc/{}/stat", child);
  for (int i = 0; i < 30'000 && fs::exists(stat_file); ++i) {
    std::ifstream stat(stat_file);
    std::string text((std::istreambuf_iterator<char>(stat)), {});
    if (text.find(") Z ") != std::string::npos) break;
    // tidy: allow sleep: waits for another process or thread that has no condition to wait on
    usleep(1000);
    EXPECT_LT(i, 29'999) << text;
  }
}

TEST(notify_command, a_child_left_behind_holds_nobody) {
  const auto outcome = run_shell("sleep 30 & echo started");
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->exit_code, 0);
  EXPECT_EQ(outcome->output, "started\n");
}

TEST(notify_command, it_inherits_no_open_file) {
  const Folder folder;
  // Not close-on-exec, as a careless library would open it.
  const int fd = open((folder.path / "lock").c_str(), O_RDWR | O_CREAT, 0600);
  ASSERT_GE(fd, 0);
  const auto outcome = run_shell("ls -l /proc/$$/fd");
  close(fd);
  ASSERT_TRUE(outcome.ok());
  EXPECT_EQ(outcome->output.find(folder.path.string()), std::string::npos) << outcome->output;
}

TEST(notify_command, ends_when_the_shop_is_closed) {
  std::atomic<bool> stop{true};
  EXPECT_EQ(run_shell("sleep 1000", minutes(10), &stop).error().code, "E-NOT-123");
}

}  // namespace
}  // namespace siegel::notify
