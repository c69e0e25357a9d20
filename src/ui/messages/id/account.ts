/** Indonesian texts about changes of the user's own account. */

import type { AccountPhrases, ENGLISH_ACCOUNT } from "../en/account.ts";

const byActor = (by?: string) => (by === undefined ? "" : ` oleh ${by}`);

const CHANGES: AccountPhrases = {
  "password-reset": (time, by = "operator") =>
    `Kata sandi Anda direset oleh ${by} pada ${time}. Jika Anda tidak tahu sebabnya, tanyakan ` +
    "kepadanya.",
  "password-changed": (time) =>
    `Kata sandi Anda diubah pada ${time}. Jika bukan oleh Anda, mintalah operator meresetnya.`,
  "device-added": (time) =>
    `Sebuah perangkat ditambahkan ke akun Anda pada ${time}. Jika bukan milik Anda, keluarkan ` +
    "perangkat itu dan ubah kata sandi Anda.",
  "irc-password-added": (time, by) =>
    `Sebuah kata sandi IRC ditambahkan ke akun Anda${byActor(by)} pada ${time}. Cabutlah jika ` +
    "tidak Anda perlukan.",
  renamed: (time, by) => `Akun Anda diganti namanya${byActor(by)} pada ${time}.`,
  "key-replaced": (time) =>
    `Akun Anda digantikan oleh akun lain sebelum ${time}. Tanyakan sebabnya kepada pemilik ` +
    "server, lewat telepon atau secara langsung.",
};

export const INDONESIAN_ACCOUNT: typeof ENGLISH_ACCOUNT = {
  accountChanged: (what, time, by) => CHANGES[what](time, by),
};
