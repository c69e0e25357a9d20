/** Indonesian texts for the alarm after a failed audit of the server's log. */

import type { ENGLISH_ALARM } from "../en/alarm.ts";

export const INDONESIAN_ALARM: typeof ENGLISH_ALARM = {
  alarmTitle: "Riwayat server ini telah diubah",
  alarmStopped:
    "Pengiriman diblokir. Tanyakan kepada pemilik server, di luar obrolan ini, apa yang terjadi, " +
    "dan bandingkan dengan pengguna lain: chat verify --words.",
  alarmEvidence: "Simpan bukti",
  alarmAccept: "Pemilik sudah membenarkannya…",
  alarmAcceptAsk: "Terima riwayat server saat ini? Riwayat sebelumnya tidak akan diperiksa lagi.",
  alarmAcceptNow: "Terima dan muat ulang",
};
