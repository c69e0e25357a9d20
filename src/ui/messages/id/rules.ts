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
  ruleWho: (who) => (who === "everyone" ? "semua orang" : "moderator"),
  ruleSlowTime: (seconds) => `${seconds} detik`,
  ruleOff: "mati",
  ruleJoinBy: (how) =>
    ({ open: "semua orang", password: "dengan kata sandi", approval: "dengan persetujuan" })[how],
  ruleBySize: "semua orang di ruang kecil, selain itu moderator",
  noRules: "tanpa batasan",
  onlyModeratorsPost: "Hanya moderator yang dapat menulis di sini.",
  slowWait: (seconds) => `Mode lambat: Anda dapat menulis lagi dalam ${seconds} detik.`,
  askEveryone: (n, isHere) =>
    `Beri tahu ${n === undefined ? "semua orang" : `${n} orang`} di ruang ini` +
    `${isHere ? " yang sedang daring" : ""}?`,
};
