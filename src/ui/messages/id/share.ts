/** Indonesian texts of the `chat share` page. */

import type { ENGLISH_SHARE } from "../en/share.ts";

export const INDONESIAN_SHARE: typeof ENGLISH_SHARE = {
  shareTitle: "Berkas untuk Anda",
  shareComing: (n, count) => `${n} dari ${count} berkas siap…`,
  shareAll: (n, size) => `${n} berkas, ${size}`,
  shareSave: (n) => (n === 1 ? "Simpan" : `Simpan ${n} berkas`),
  shareAgain: "Simpan yang tersisa",
  shareSaving: "Menyimpan…",
  shareSaved: "Semuanya tersimpan dan diperiksa. Halaman ini boleh ditutup.",
  shareZip: "disimpan sebagai arsip zip",
  shareOver: "Berbagi ini sudah berakhir, atau mesinnya tidak terjangkau. Mintalah alamat baru.",
  shareWrong: "Alamat ini tidak lengkap. Salin semuanya, atau pindai kodenya lagi.",
};
