/** Indonesian texts of the alarm after a failed audit of the server's log. */

import type { ENGLISH_ALARM } from "../en/alarm.ts";

export const INDONESIAN_ALARM: typeof ENGLISH_ALARM = {
  alarmTitle: "Riwayat server ini bukan yang pernah dilihat peramban ini",
  alarmStopped:
    "Tidak ada lagi yang dikirim. Tanyakan kepada pengelola server, lewat jalan lain, apa yang " +
    "terjadi, dan bandingkan dengan orang lain: chat verify --words.",
  alarmEvidence: "Simpan buktinya",
  alarmAccept: "Pengelola membenarkannya…",
  alarmAcceptAsk:
    "Terima riwayat yang sekarang ditunjukkan server? Yang dulu tidak diperiksa lagi.",
  alarmAcceptNow: "Terima, dan muat ulang",
};
