/** Indonesian texts about the rules of a room, for terminal and page. */

import type { RuleTexts } from "../en/rules.ts";

export const INDONESIAN_RULES: RuleTexts = {
  rulePost: "Menulis",
  ruleTopic: "Topik",
  ruleSlow: "Mode lambat",
  ruleJoin: "Bergabung",
  ruleEveryone: "@everyone",
  ruleNewcomers: "Pendatang baru",
  ruleNewcomersJoin: "ditambahkan",
  ruleNewcomersOff: "tidak ditambahkan",
  ruleBoxes: "Setelah tugas berakhir",
  ruleBoxesStay: (state) =>
    state === "open" ? "anggota masih dapat mengumpulkan" : "pengumpulan ditutup",
  ruleDue: "Tenggat",
  ruleDueHint: "Misalnya 2026-11-30 18:00, atau 7d",
  dueBy: (time, isMissing) =>
    `Tenggat ${time}.${isMissing ? " Anda belum mengumpulkan apa pun." : ""}`,
  handedBy: (state) =>
    ({
      "in-time": "tepat waktu",
      "added-later": "tepat waktu, ditambah kemudian",
      late: "terlambat",
      missing: "belum ada",
    })[state],
  hasLeft: "sudah keluar dari ruang",
  isInvited: "diundang, belum masuk ke ruang",
  ruleWho: (who) =>
    ({ everyone: "semua orang", moderators: "moderator", operators: "operator" })[who],
  rulePoster: (who) =>
    ({
      everyone: "semua orang",
      moderators: "moderator",
      private: "tugas: hanya kepada moderator",
    })[who],
  ruleSlowTime: (seconds) => `${seconds} detik`,
  ruleOff: "mati",
  ruleJoinBy: (how) =>
    ({ open: "semua orang", password: "dengan kata sandi", approval: "dengan persetujuan" })[how],
  ruleChanges: (rules) => `mengubah aturan: ${rules}`,
  ruleSetPost: (who) =>
    ({
      everyone: "mengizinkan semua orang menulis",
      moderators: "hanya mengizinkan moderator menulis",
      private: "menjadikan ruang ini tugas: hanya moderator melihat kiriman anggota",
    })[who],
  ruleSetTopic: (who) =>
    who === "everyone"
      ? "mengizinkan semua orang mengatur topik"
      : "hanya mengizinkan moderator mengatur topik",
  ruleSetSlow: (seconds) =>
    seconds === undefined ? "mematikan mode lambat" : `mengatur mode lambat ke ${seconds} detik`,
  ruleSetJoin: (how) =>
    ({
      open: "mengizinkan semua orang bergabung",
      password: "mengatur kata sandi untuk bergabung",
      approval: "menerima orang dengan persetujuan",
    })[how],
  ruleSetEveryone: (who) => {
    if (who === undefined)
      return "mengizinkan @everyone bagi semua di ruang kecil, selain itu moderator";
    return who === "everyone"
      ? "mengizinkan semua orang memakai @everyone"
      : "hanya mengizinkan moderator memakai @everyone";
  },
  ruleSetNewcomers: (isOn) =>
    isOn ? "menambahkan pendatang baru di server" : "tidak lagi menambahkan pendatang baru",
  ruleSetBoxes: (state) =>
    state === "open"
      ? "mengizinkan anggota tetap menulis di kotaknya setelah tugas"
      : "menutup kotak setelah tugas",
  ruleSetDue: (time) => (time === undefined ? "menghapus tenggat" : `mengatur tenggat ke ${time}`),
  ruleBySize: "semua orang di ruang kecil, selain itu moderator",
  serverRules: "Aturan server",
  changeServerRules: "Ubah aturan",
  serverRuleDirect: "Pesan langsung dari dan kepada",
  serverRuleRooms: "Membuat ruang",
  serverRuleFiles: "Mengirim berkas",
  directToModerators: "Pesan langsung hanya dari dan kepada moderator.",
  directToOperators: "Pesan langsung hanya dari dan kepada operator.",
  roomClosed: "Ruang ini hanya dapat dibaca.",
  mutedHere: "Anda dibisukan di ruang ini.",
  mutedUntil: (time) => `Anda dibisukan di ruang ini sampai ${time}.`,
  noRules: "tanpa batasan",
  assignmentEnded: "Tugas ini sudah berakhir.",
  onlyModeratorsPost: "Hanya moderator yang dapat menulis di sini.",
  onlyModeratorsSee: "Hanya Anda dan moderator yang melihat kiriman Anda di sini.",
  onlyTheySee: (user) => `Hanya ${user} dan moderator yang melihat kiriman Anda di sini.`,
  handedCount: (count, all) => `${count} dari ${all} sudah mengumpulkan`,
  slowRefused: "Mode lambat: terlalu cepat setelah pesan Anda sebelumnya.",
  putIn: ({ added, invited, present, skipped }) =>
    [
      invited > 0 ? `${invited} orang diundang` : `${added} orang ditambahkan`,
      present > 0 ? `${present} orang sudah ada di ruang itu` : "",
      skipped > 0 ? `${skipped} orang dilewati` : "",
    ]
      .filter((text) => text !== "")
      .join(", "),
  askPutIn: (people, room, adds) => `${adds ? "Tambahkan" : "Undang"} ${people} orang ke ${room}?`,
  putInPresent: (people) => `${people} orang sudah ada di ruang itu.`,
  reminded: (people) => (people === 0 ? "Semua sudah mengumpulkan" : `${people} orang diingatkan`),
  slowWait: (seconds) => `Mode lambat: Anda dapat menulis lagi dalam ${seconds} detik.`,
  askOpened: (room) =>
    `Sampai sekarang, hanya moderator yang melihat pesan Anda di '${room}'. ` +
    "Kirim pesan ini kepada semua orang di sana?",
  askEveryone: (n, isHere) =>
    `Beri tahu ${n === undefined ? "semua orang" : `${n} orang`} di ruang ini` +
    `${isHere ? " yang sedang daring" : ""}?`,
};
