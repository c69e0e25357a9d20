/** Indonesian texts about changes of the user's own account. */

import { formatSize } from "../../../base/sizes.ts";
import {
  type AccountPhrases,
  type ENGLISH_ACCOUNT,
  type HandoverPhrases,
  isClock,
} from "../en/account.ts";

const byActor = (by?: string) => (by === undefined ? "" : ` oleh ${by}`);
const on = (time: string) => `${isClock(time) ? "pukul" : "pada"} ${time}`;

const CHANGES: AccountPhrases = {
  "password-reset": (time, by = "operator") =>
    `Kode untuk mereset kata sandi Anda dibuat oleh ${by} ${on(time)}. Kata sandi Anda berlaku ` +
    "sampai kode itu dipakai. Jika Anda tidak tahu sebabnya, tanyakan kepadanya.",
  "password-changed": (time) =>
    `Kata sandi Anda diubah ${on(time)}. Jika bukan oleh Anda, mintalah operator meresetnya.`,
  "device-added": (time) =>
    `Sebuah perangkat ditambahkan ke akun Anda ${on(time)}. Jika bukan milik Anda, keluarkan ` +
    "perangkat itu dan ubah kata sandi Anda.",
  "irc-password-added": (time, by) =>
    `Sebuah kata sandi IRC ditambahkan ke akun Anda${byActor(by)} ${on(time)}. Cabutlah jika ` +
    "tidak Anda perlukan.",
  renamed: (time, by) => `Akun Anda diganti namanya${byActor(by)} ${on(time)}.`,
  "key-replaced": (time) =>
    `Akun Anda digantikan oleh akun lain sebelum ${time}. Tanyakan sebabnya kepada pemilik ` +
    "server, lewat telepon atau secara langsung.",
};

const HANDOVER: HandoverPhrases = {
  sending: (room, size, { messages, device }) =>
    `Mengirim ${messages} pesan lama dari ${room} (${size}) ke perangkat Anda ${device}.`,
  sent: (room, _, { device }) => `Perangkat Anda ${device} telah menerima pesan lama dari ${room}.`,
  receiving: (room, size, { messages, user = "perangkat Anda yang lain" }) =>
    `Menerima ${messages} pesan lama dari ${room} (${size}) dari ${user}.`,
  part: (room, _, { messages, total }) =>
    `${messages} dari ${total} pesan lama dari ${room} telah diterima.`,
  read: (room, _, { messages }) => `Kini Anda dapat membaca ${messages} pesan lama dari ${room}.`,
  resumed: (room, _, { messages }) =>
    messages === 0
      ? `Perangkat ini membaca ${room} lagi.`
      : `Kini Anda dapat membaca ${messages} pesan dari ${room} yang menunggu keputusan Anda ` +
        "tentang sebuah kunci.",
  hidden: (room, _, { messages }) =>
    `Tidak ditampilkan: ${messages} pesan lama dari ${room}, yang diubah atau hilang dari ` +
    "riwayat server.",
};

export const INDONESIAN_ACCOUNT: typeof ENGLISH_ACCOUNT = {
  handover: (event) =>
    HANDOVER[event.step](
      event.people === undefined
        ? `'${event.name}'`
        : `percakapan Anda dengan ${event.people.join(", ")}`,
      formatSize(event.sizeBytes),
      event,
    ),
  accountChanged: (what, time, by) => CHANGES[what](time, by),
};
