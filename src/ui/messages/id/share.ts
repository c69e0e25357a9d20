/** Indonesian texts for the `chat share` page. */

import type { ENGLISH_SHARE } from "../en/share.ts";

export const INDONESIAN_SHARE: typeof ENGLISH_SHARE = {
  shareTitle: "Berkas untuk Anda",
  shareProgress: (n, count) => `${n} dari ${count} berkas siap…`,
  shareAll: (n, size) => `${n} berkas, ${size}`,
  shareSave: (n) => (n === 1 ? "Simpan" : `Simpan ${n} berkas`),
  shareRemaining: "Simpan berkas yang tersisa",
  shareSaving: "Menyimpan…",
  shareSaved: "Semua berkas tersimpan dan terverifikasi. Halaman ini boleh ditutup.",
  shareZip: "disimpan sebagai arsip zip",
  shareEnded: "Pembagian ini sudah berakhir atau tidak dapat dihubungi. Minta tautan baru.",
  shareLinkIncomplete: "Tautan ini tidak lengkap. Salin semuanya, atau pindai kodenya lagi.",
};
