#include "format/tar.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "base/file.h"
#include "format/testing.h"

namespace siegel::format {
namespace {

struct Found {
  std::string name;
  std::string content;
  std::int64_t mtime = 0;
  TarFlags flags = 0;
  char typeflag = '0';
  std::uint64_t header_offset = 0;
  std::uint64_t content_offset = 0;
  friend bool operator==(const Found&, const Found&) = default;
};
struct Archive {
  std::vector<Found> entries;
  TarFlags flags = 0;
  std::string code;
  std::string place;
  friend bool operator==(const Archive&, const Archive&) = default;
};

Found found(const TarEntry& entry, std::string_view content) {
  return {std::string(entry.name), std::string(content), entry.mtime,         entry.flags,
          entry.typeflag,          entry.header_offset,  entry.content_offset};
}

Archive view(BytesView bytes, TarLimits limits = {}) {
  Archive out;
  TarView tar(bytes, limits);
  for (;;) {
    const Result<bool> more = tar.next();
    if (!more.ok()) {
      out.code = more.error().code;
      out.place = more.error().place;
      EXPECT_EQ(tar.next().error().code, out.code);
      break;
    }
    if (!*more) break;
    EXPECT_EQ(tar.entry().index, out.entries.size());
    out.entries.push_back(found(tar.entry(), text_of(tar.content())));
  }
  out.flags = tar.archive_flags();
  return out;
}

/// Gives odd pieces, as pipes do.
class DripSource final : public Source {
 public:
  explicit DripSource(BytesView bytes) : m_rest(bytes) {}
  Result<std::size_t> read(std::span<std::byte> out) override {
    m_step = m_step % 700 + 13;
    const std::size_t n = std::min({out.size(), m_rest.size(), m_step});
    std::copy_n(m_rest.begin(), n, out.begin());
    m_rest = m_rest.subspan(n);
    return n;
  }

 private:
  BytesView m_rest;
  std::size_t m_step = 0;
};

Archive stream(BytesView bytes, TarLimits limits = {}) {
  Archive out;
  DripSource source(bytes);
  TarReader tar(source, limits);
  Bytes content;
  for (;;) {
    const Result<bool> more = tar.next();
    const Status read = more.ok() && *more ? tar.read_all(content, 1 << 20) : Status(Ok{});
    if (!more.ok() || !read.ok()) {
      out.code = more.ok() ? read.error().code : more.error().code;
      out.place = more.ok() ? read.error().place : more.error().place;
      break;
    }
    if (!*more) break;
    out.entries.push_back(found(tar.entry(), text_of(content)));
  }
  out.flags = tar.archive_flags();
  return out;
}

using Files = std::vector<std::pair<std::string, std::string>>;

Bytes write(const Files& files) {
  MemorySink sink;
  TarWriter writer(sink);
  std::uint64_t expected = 0;
  for (const auto& [name, content] : files) {
    EXPECT_TRUE(writer.add(name, bytes_of(content), 1631862000).ok());
    expected += tar_entry_size(name, content.size());
  }
  EXPECT_TRUE(writer.finish().ok());
  EXPECT_EQ(writer.size(), expected + 1024);
  EXPECT_EQ(writer.size(), sink.bytes().size());
  return sink.take();
}

void fix_checksum(Bytes& tar, std::size_t at = 0) {
  std::fill_n(tar.begin() + static_cast<std::ptrdiff_t>(at) + 148, 8, std::byte{' '});
  unsigned sum = 0;
  for (std::size_t i = at; i < at + 512; ++i) sum += std::to_integer<unsigned>(tar[i]);
  const std::string text = fmt::format("{:06o}", sum);
  std::copy_n(bytes_of(text).begin(), 6, tar.begin() + static_cast<std::ptrdiff_t>(at) + 148);
  tar[at + 154] = std::byte{0};
}

void put(Bytes& tar, std::size_t at, std::string_view text) {
  std::copy_n(bytes_of(text).begin(), text.size(), tar.begin() + static_cast<std::ptrdiff_t>(at));
}

/// An archive of one file with this name in the header.
Bytes named(std::string_view name) {
  Bytes tar = write({{"x", "abc"}});
  put(tar, 0, name);
  fix_checksum(tar);
  return tar;
}

TarFlags flags_of(const Bytes& tar) {
  const Archive archive = view(tar);
  EXPECT_EQ(archive.entries.size(), 1U);
  return archive.entries.empty() ? 0 : archive.entries[0].flags;
}

constexpr TarFlags bits(std::initializer_list<TarFlag> flags) {
  TarFlags all = 0;
  for (const TarFlag flag : flags) all |= static_cast<TarFlags>(flag);
  return all;
}

TEST(Tar, what_is_written_is_read_by_both_readers) {
  checks::property("files", [] {
    Files files;
    const int count = *rc::gen::inRange(0, 6);
    for (int i = 0; i < count; ++i) {
      const auto length = *rc::gen::inRange<std::size_t>(1, 300);
      files.emplace_back(fmt::format("{}_{}", i, std::string(length, 'n')),
                         *rc::gen::container<std::string>(rc::gen::arbitrary<char>()));
    }
    const Bytes tar = write(files);
    RC_ASSERT(tar.size() % 512 == 0U);
    const Archive seen = view(tar);
    RC_ASSERT(seen == stream(tar));
    RC_ASSERT(seen.flags == 0U);
    RC_ASSERT(seen.code.empty());
    RC_ASSERT(seen.entries.size() == files.size());
    for (std::size_t i = 0; i < files.size(); ++i) {
      RC_ASSERT(seen.entries[i].name == files[i].first);
      RC_ASSERT(seen.entries[i].content == files[i].second);
      RC_ASSERT(seen.entries[i].mtime == 1631862000);
      RC_ASSERT(seen.entries[i].flags == (files[i].first.size() > 100 ? bits({TarFlag::pax}) : 0U));
    }
    RC_ASSERT(write(files) == tar);
  });
}

TEST(Tar, names_around_the_limit_of_a_header) {
  for (const std::size_t n : {99U, 100U, 101U, 988U, 989U, 990U, 991U, 4096U}) {
    const std::string name(n, 'a');
    const Archive archive = view(write({{name, "x"}, {"y", ""}}));
    ASSERT_EQ(archive.entries.size(), 2U) << n << archive.code;
    EXPECT_EQ(archive.entries[0].name, name);
    EXPECT_EQ(archive.entries[1].flags, 0U);
  }
  std::string umlauts;
  for (int i = 0; i < 60; ++i) umlauts += "\xC3\xA4";
  const Bytes tar = write({{"n" + umlauts, "x"}});
  EXPECT_EQ(view(tar).entries.at(0).name, "n" + umlauts);
  EXPECT_TRUE(valid_utf8(text_of(BytesView(tar).subspan(1024, 99))));
}

TEST(TarWriter, refuses_names_that_are_no_plain_file) {
  MemorySink sink;
  TarWriter writer(sink);
  for (const std::string& name :
       {std::string(), std::string("a/b"), std::string("/a"), std::string(".."),
        std::string("a\\b"), std::string("a\nb"), std::string("a\0b", 3), std::string("\xFF"),
        std::string(4097, 'a')}) {
    EXPECT_EQ(writer.add(name, {}, 0).error().code, "E-TAR-006") << name;
  }
  EXPECT_EQ(writer.begin("a", std::uint64_t{1} << 33, 0).error().code, "E-TAR-007");
  EXPECT_EQ(writer.begin("a", 0, -1).error().code, "E-TAR-007");
  EXPECT_TRUE(sink.bytes().empty());
}

TEST(TarView, gives_slices_and_offsets) {
  const Bytes tar = write({{"a", "12"}, {"b", "345"}});
  TarView reader(tar);
  ASSERT_TRUE(*reader.next());
  ASSERT_TRUE(*reader.next());
  EXPECT_EQ(reader.entry().header_offset, 1024U);
  EXPECT_EQ(reader.entry().content_offset, 1536U);
  EXPECT_EQ(reader.content().data(), tar.data() + 1536);
  EXPECT_FALSE(*reader.next());
  EXPECT_FALSE(*reader.next());
}

TEST(TarReader, skips_what_is_not_read) {
  const Bytes tar = write({{"a", std::string(200'000, 'x')}, {"b", "345"}});
  MemorySource source(tar);
  TarReader reader(source);
  ASSERT_TRUE(*reader.next());
  ByteArray<10> some{};
  EXPECT_EQ(*reader.read(some), 10U);
  ASSERT_TRUE(*reader.next());
  EXPECT_EQ(reader.entry().name, "b");
  Bytes content;
  EXPECT_EQ(reader.read_all(content, 2).error().code, "E-TAR-005");
}

TEST(Tar, flags_names_that_want_to_be_paths) {
  using enum TarFlag;
  EXPECT_EQ(flags_of(named("./a")), bits({dot_slash}));
  EXPECT_EQ(flags_of(named("a/b")), bits({in_folder}));
  EXPECT_EQ(flags_of(named("/etc/passwd")), bits({in_folder, absolute}));
  EXPECT_EQ(flags_of(named("../a")), bits({in_folder, dot_dot}));
  EXPECT_EQ(flags_of(named("a/../b")), bits({in_folder, dot_dot}));
  EXPECT_EQ(flags_of(named("..")), bits({dot_dot}));
  EXPECT_EQ(flags_of(named("./..")), bits({dot_slash, dot_dot}));
  EXPECT_EQ(flags_of(named("C:a")), bits({absolute}));
  EXPECT_EQ(flags_of(named("a\\b")), bits({control_chars}));
  EXPECT_EQ(flags_of(named("a\nb")), bits({control_chars}));
  EXPECT_EQ(flags_of(named("a\xFF")), bits({name_not_utf8}));
  EXPECT_EQ(flags_of(named("./")), bits({dot_slash, name_empty}));
  EXPECT_EQ(view(named("./a")).entries.at(0).name, "a");
}

TEST(Tar, tolerates_and_tells_what_old_tars_do) {
  using enum TarFlag;
  Bytes tar = write({{"a", "abc"}});
  put(tar, 257, std::string_view("ustar  \0", 8));
  fix_checksum(tar);
  EXPECT_EQ(flags_of(tar), bits({gnu_magic}));
  put(tar, 257, std::string_view("\0\0\0\0\0\0\0\0", 8));
  fix_checksum(tar);
  EXPECT_EQ(flags_of(tar), bits({no_magic}));
  put(tar, 257,
      std::string_view("ustar\0"
                       "10",
                       8));
  fix_checksum(tar);
  EXPECT_EQ(flags_of(tar), bits({bad_version}));

  tar = write({{"a", "abc"}});
  tar[156] = std::byte{0};
  fix_checksum(tar);
  EXPECT_EQ(flags_of(tar), bits({typeflag_nul}));
  tar[156] = std::byte{'7'};
  fix_checksum(tar);
  EXPECT_EQ(flags_of(tar), bits({not_regular}));
  EXPECT_EQ(view(tar).entries.at(0).content, "abc");

  tar = write({{"a", "abc"}});
  tar[512 + 5] = std::byte{1};
  EXPECT_EQ(flags_of(tar), bits({padding_not_zero}));
  EXPECT_TRUE(has(stream(tar).flags, padding_not_zero));

  tar = write({{"a", "abc"}});
  put(tar, 136, "99999999999");
  fix_checksum(tar);
  EXPECT_EQ(flags_of(tar), bits({mtime_bad}));
}

TEST(Tar, links_have_no_content_whatever_they_say) {
  Bytes tar = write({{"a", ""}, {"b", "x"}});
  tar[156] = std::byte{'2'};
  put(tar, 124, "00000001000");
  fix_checksum(tar);
  const Archive archive = view(tar);
  ASSERT_EQ(archive.entries.size(), 2U) << archive.code;
  EXPECT_EQ(archive.entries[0].flags, bits({TarFlag::not_regular, TarFlag::size_ignored}));
  EXPECT_EQ(archive.entries[1].content, "x");
  EXPECT_EQ(archive, stream(tar));
}

TEST(Tar, tells_how_the_archive_ends) {
  using enum TarFlag;
  const Bytes tar = write({{"a", "abc"}});
  const auto end = [&](std::size_t size) {
    const BytesView cut = BytesView(tar).first(size);
    EXPECT_EQ(view(cut), stream(cut)) << size;
    return view(cut);
  };
  EXPECT_EQ(end(1024 + 512).flags, bits({one_end_block}));
  EXPECT_EQ(end(1024).flags, bits({no_end_blocks}));
  EXPECT_EQ(end(1024 + 7).flags, bits({no_end_blocks}));
  EXPECT_EQ(end(512 + 3).flags, bits({no_end_blocks, padding_cut}));
  EXPECT_EQ(end(512 + 3).entries.size(), 1U);
  EXPECT_EQ(end(512 + 2).code, "E-TAR-002");
  EXPECT_EQ(end(511).code, "E-TAR-002");
  EXPECT_EQ(end(0).flags, bits({no_end_blocks}));
  Bytes more = tar;
  more.resize(more.size() + 9000);
  EXPECT_EQ(view(more).flags, 0U);
  more.push_back(std::byte{1});
  EXPECT_EQ(view(more).flags, bits({trailing_data}));
  EXPECT_EQ(view(more), stream(more));
}

TEST(Tar, cut_anywhere_gives_an_error_or_a_flag) {
  const Bytes tar = write({{"a", std::string(600, 'q')}, {std::string(150, 'n'), "hello"}});
  for (std::size_t n = 0; n < tar.size(); ++n) {
    const BytesView cut = BytesView(tar).first(n);
    const Archive seen = view(cut);
    EXPECT_TRUE(seen.flags != 0 || !seen.code.empty()) << n;
    EXPECT_EQ(seen.code, stream(cut).code) << n;
  }
}

TEST(Tar, a_changed_header_is_noticed) {
  const Bytes tar = write({{"a", "abc"}});
  for (std::size_t i = 0; i < 512; ++i) {
    Bytes bad = tar;
    bad[i] ^= std::byte{1};
    const Archive archive = view(bad);
    EXPECT_EQ(archive.code, "E-TAR-001") << i;
    EXPECT_EQ(archive.place, "byte 0");
  }
}

TEST(Tar, bombs_meet_limits) {
  Bytes tar = write({{"a", "abc"}});
  put(tar, 124, "77777777777");
  fix_checksum(tar);
  EXPECT_EQ(view(tar).code, "E-TAR-005");
  EXPECT_EQ(stream(tar).code, "E-TAR-005");
  TarLimits all;
  all.entry_size_max = UINT64_MAX;
  EXPECT_EQ(view(tar, all).code, "E-TAR-002");

  // A binary size beyond 64 bits, and one that would overflow when rounded up.
  tar[124] = std::byte{0x80};
  std::fill_n(tar.begin() + 125, 11, std::byte{0xFF});
  fix_checksum(tar);
  EXPECT_EQ(view(tar).code, "E-TAR-003");
  std::fill_n(tar.begin() + 125, 11, std::byte{0});
  std::fill_n(tar.begin() + 129, 7, std::byte{0xFF});
  fix_checksum(tar);
  EXPECT_EQ(view(tar, all).code, "E-TAR-002");
  EXPECT_EQ(stream(tar, all).code, "E-TAR-005") << "read_all has its own bound";

  Files many(20, {"a", ""});
  EXPECT_EQ(view(write(many), {.entries_max = 19}).code, "E-TAR-005");
  EXPECT_EQ(view(write(many), {.entries_max = 20}).code, "");
  EXPECT_EQ(view(write(many), {.total_max = 10'000}).code, "E-TAR-005");
  EXPECT_EQ(stream(write(many), {.total_max = 10'000}).code, "E-TAR-005");
  EXPECT_EQ(view(write({{std::string(300, 'n'), ""}}), {.name_max = 299}).code, "E-TAR-005");
  EXPECT_EQ(view(write({{std::string(300, 'n'), ""}}), {.pax_size_max = 299}).code, "E-TAR-005");
}

/// A pax header with these records before an empty file.
Bytes with_pax(std::string_view records, char typeflag = 'x') {
  Bytes tar = write({{"p", std::string(records)}, {"f", "abcdef"}});
  tar[156] = static_cast<std::byte>(typeflag);
  fix_checksum(tar);
  return tar;
}

TEST(Tar, pax_headers) {
  using enum TarFlag;
  const auto first = [](const Bytes& tar) {
    const Archive archive = view(tar);
    EXPECT_EQ(archive, stream(tar));
    return archive.entries.empty() ? Found{} : archive.entries[0];
  };
  Found entry = first(with_pax("12 path=abc\n"));
  EXPECT_EQ(entry.name, "abc");
  EXPECT_EQ(entry.content, "abcdef");
  EXPECT_EQ(entry.header_offset, 0U);
  EXPECT_EQ(entry.flags, bits({pax}));
  entry = first(with_pax("20 mtime=-12.5000000\n"));
  EXPECT_EQ(entry.flags, 0U) << "the length is wrong: no entry";
  entry = first(with_pax("21 mtime=-12.5000000\n"));
  EXPECT_EQ(entry.mtime, -12);
  Bytes sized = with_pax("10 size=6\n21 SCHILY.xattr.a=bc\n");
  put(sized, 1024 + 124, "00000000000");
  fix_checksum(sized, 1024);
  entry = first(sized);
  EXPECT_EQ(entry.content, "abcdef");
  EXPECT_TRUE(has(entry.flags, pax_other));
  entry = first(with_pax("12 path=abc\n", 'g'));
  EXPECT_TRUE(has(entry.flags, pax_global));
  entry = first(with_pax("13 mtime=abc\n"));
  EXPECT_TRUE(has(entry.flags, mtime_bad));
}

TEST(Tar, malformed_pax_headers_are_errors) {
  for (const std::string_view bad :
       {"path=abc\n", "12 path=abc", "99 path=abc\n", "2 \n", "5 =a\n", "6 abc\n",
        "12 path=abc\n\n", "99999999999999999999999 path=abc\n", "-1 path=abc\n", "0 a=b\n",
        "12 size=abc\n", "30 size=99999999999999999999\n", "8 a=bc\n", "11  path=ab\n"}) {
    EXPECT_EQ(view(with_pax(bad)).code, "E-TAR-004") << bad;
  }
  // An extension without an entry, and extensions without an end.
  Bytes tar = with_pax("12 path=abc\n");
  tar.resize(1024);
  EXPECT_EQ(view(tar).code, "E-TAR-002");
  Bytes chain;
  for (int i = 0; i < 20; ++i) append(chain, tar);
  EXPECT_EQ(view(chain).code, "E-TAR-004");
  EXPECT_EQ(stream(chain).code, "E-TAR-004");
}

TEST(Tar, random_damage_never_breaks_the_readers_and_they_agree) {
  const TarLimits limits{.entry_size_max = 1 << 20};  // as read_all in stream()
  const Bytes seed = write({{"a", std::string(600, 'q')}, {std::string(150, 'n'), "hello"}});
  checks::property("damage", [&](std::vector<std::pair<std::uint16_t, std::uint8_t>> changes) {
    Bytes tar = seed;
    for (const auto& [at, value] : changes) tar[at % tar.size()] = static_cast<std::byte>(value);
    for (std::size_t at = 0; at + 512 <= tar.size(); at += 512) {
      const bool header = at == 0 || at == 1536 || at == 2560;
      if (header) fix_checksum(tar, at);
    }
    const Archive a = view(tar, limits);
    const Archive b = stream(tar, limits);
    RC_ASSERT(a.code == b.code);
    RC_ASSERT(a.entries.size() == b.entries.size());
    for (std::size_t i = 0; i < a.entries.size(); ++i) {
      RC_ASSERT(a.entries[i].name == b.entries[i].name);
      RC_ASSERT(a.entries[i].content == b.entries[i].content);
    }
  });
}

TEST(TarInterop, other_programs_read_what_we_write) {
  const Files files{{"info.csv", "a,b\n"},
                    {"Unixt_1631862000_Sig-1_Log-Sys_initialize.log", std::string(513, '\x01')},
                    {std::string(180, 'n') + "\xC3\xA4.log", "long"},
                    {"empty", ""}};
  const checks::Folder folder;
  const std::string file = (folder.path() / "a.tar").string();
  ASSERT_TRUE(write_file(file, write(files)).ok());
  const auto compare = [&](const std::filesystem::path& where) {
    for (const auto& [name, content] : files) {
      const Result<Bytes> got = read_file(where / name, 1 << 20);
      ASSERT_TRUE(got.ok()) << name;
      EXPECT_EQ(text_of(*got), content) << name;
    }
  };
  std::filesystem::create_directory(folder.path() / "t");
  ASSERT_TRUE(checks::works("tar -xf " + file + " -C " + (folder.path() / "t").string()));
  compare(folder.path() / "t");
  if (!checks::works("python3 -c pass")) GTEST_SKIP() << "no python3";
  std::filesystem::create_directory(folder.path() / "p");
  ASSERT_TRUE(
      checks::works("python3 -c 'import tarfile,sys; t=tarfile.open(sys.argv[1]); "
                    "assert all(m.isreg() and m.mtime==1631862000 for m in t); "
                    "t.extractall(sys.argv[2])' " +
                    file + " " + (folder.path() / "p").string()));
  compare(folder.path() / "p");
}

TEST(TarInterop, we_read_what_other_programs_write) {
  const checks::Folder folder;
  const std::filesystem::path in = folder.path() / "in";
  std::filesystem::create_directory(in);
  const Files files{{"info.csv", "a,b\n"}, {std::string(180, 'n'), "long"}, {"empty", ""}};
  for (const auto& [name, content] : files) {
    ASSERT_TRUE(write_file(in / name, bytes_of(content)).ok());
  }
  const std::string file = (folder.path() / "a.tar").string();
  const auto compare = [&](TarFlags allowed) {
    const Bytes tar = read_file(file, 1 << 24).value();
    const Archive archive = view(tar);
    EXPECT_EQ(archive, stream(tar));
    EXPECT_EQ(archive.code, "");
    EXPECT_EQ(archive.flags, 0U);
    std::map<std::string, std::string> got;
    for (const Found& entry : archive.entries) {
      EXPECT_EQ(entry.flags & ~allowed, 0U) << entry.name << " " << entry.flags;
      if (entry.typeflag == '0') got[entry.name] = entry.content;
    }
    EXPECT_EQ(got.size(), files.size());
    for (const auto& [name, content] : files) EXPECT_EQ(got[name], content) << name;
  };
  using enum TarFlag;
  const std::string cd = "cd " + in.string() + " && ";
  ASSERT_TRUE(checks::works(cd + "tar --format=posix -cf " + file + " *"));
  compare(bits({pax}));
  ASSERT_TRUE(checks::works(cd + "tar --format=gnu -cf " + file + " ."));
  compare(bits({gnu_magic, gnu_long_name, dot_slash, not_regular, name_empty}));
  if (!checks::works("python3 -c pass")) GTEST_SKIP() << "no python3";
  for (const std::string form : {"PAX", "GNU"}) {
    ASSERT_TRUE(checks::works(cd + "python3 -c 'import tarfile,os; t=tarfile.open(\"" + file +
                              "\",\"w\",format=tarfile." + form +
                              "_FORMAT); [t.add(n) for n in sorted(os.listdir())]; t.close()'"));
    compare(bits({pax, gnu_magic, gnu_long_name}));
  }
}

TEST(TarVectors, exports_of_others_are_read_whole) {
  const char* const vectors = std::getenv("SIEGEL_VECTORS");
  if (vectors == nullptr) GTEST_SKIP() << "no vectors";
  int archives = 0;
  for (const auto& file : std::filesystem::recursive_directory_iterator(vectors)) {
    if (file.path().extension() != ".tar") continue;
    const Bytes tar = read_file(file.path(), 1 << 30).value();
    const Archive seen = view(tar);
    EXPECT_EQ(seen.code, "") << file.path();
    EXPECT_EQ(seen, stream(tar)) << file.path();
    EXPECT_GT(seen.entries.size(), 10U) << file.path();
    ++archives;
  }
  EXPECT_GE(archives, 10);
}

}  // namespace
}  // namespace siegel::format
