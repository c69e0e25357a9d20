/** Indonesian texts that only the terminal displays. */

import { isDiskFull } from "../../../base/disk-space.ts";
import { formatSize } from "../../../base/sizes.ts";
import type { TerminalTexts } from "../en/terminal.ts";
import { INDONESIAN_ACCOUNT } from "./account.ts";
import { INDONESIAN_COMMANDS } from "./commands.ts";
import { INDONESIAN_DESK } from "./desk.ts";
import { INDONESIAN_IRC } from "./irc.ts";
import { INDONESIAN } from "./page.ts";
import { INDONESIAN_RULES } from "./rules.ts";

const SEALING_STATES: Readonly<Record<string, string>> = {
  waiting: "; menunggu seseorang menambahkan perangkat ini",
  out: "; perangkat ini dikeluarkan, atau sudah keluar",
  lost: "; perangkat ini kehilangan kunci ruang ini dan sedang bergabung kembali",
  suspect: "; pengiriman diblokir, karena ruang ini tidak dapat dipercaya",
};

export const INDONESIAN_TERMINAL: TerminalTexts = {
  ...INDONESIAN_ACCOUNT,
  ...INDONESIAN_RULES,
  ...INDONESIAN_IRC,
  stampWord: INDONESIAN_DESK.stamp,
  answered: "dijawab",
  wallChanged: (room, isOff) =>
    isOff ? `#${room} tidak lagi di layar` : `layar #${room} menampilkannya`,
  loading: "Memuat…",
  notLoggedIn: "belum masuk",
  noMajority: (refusal) =>
    `${refusal === undefined ? "sebagian besar server mati" : refusal}; pesan diantrekan`,
  majorityBack: "klaster tersedia kembali",
  connectionLost: (reason) => `koneksi terputus (${reason}); mencoba lagi`,
  connectingTo: (address) => `Menyambung ke ${address} …`,
  retryingAfter: (reason, seconds) =>
    seconds > 0 ? `${reason}; mencoba lagi dalam ${seconds} dtk` : `${reason}; mencoba lagi …`,
  loggedOut: "Anda belum masuk. Gunakan /login NAME.",
  noLongerIn: (target) => `Anda tidak lagi di ${target}`,
  notSent: (n, targets) => `${n} tidak terkirim ke ${targets}`,
  notSentBecause: (target, reason) => `tidak terkirim ke ${target}: ${reason}`,
  sendingAtQuit: (n) =>
    `Mengirim ${n} pesan… Ulangi untuk keluar sekarang dan mengirim saat mulai lagi.`,
  refusedAtQuit: (n) =>
    `${n} pesan tidak terkirim. Ulangi untuk keluar; isinya disimpan sebagai draf.`,
  sendingPosts: (n) => `${n} dalam antrean`,
  endOf: (place) => `akhir ${place}`,
  spaceNext: (place) => `Spasi: berikutnya, ${place}`,
  allRead: "Anda sudah membaca semuanya · Alt-I kotak masuk",
  unreadIn: (n, targets) => `${n} belum dibaca di ${targets}`,
  moreBelow: "▾ masih ada · Ctrl-End",
  moreBelowCount: (n) => `▾ ${n} lagi · Ctrl-End`,
  spaceReadsOn: "Spasi lanjut membaca",
  nextForYou: "Alt-N untuk Anda",
  newSince: (n, since) => (since === undefined ? `${n} baru` : `${n} baru sejak ${since}`),
  cardPeople: (people, named) => {
    const others = people - named.length;
    const rest = others > 0 && named.length > 0 ? [`${others} lainnya`] : [];
    const list = [...named, ...rest].join(", ");
    return `${people} orang${list === "" ? "" : `: ${list}`}`;
  },
  cardWalks: "Alt-N menelusuri",
  markedRead: (n) => `${n} ditandai sudah dibaca · Ctrl-_ urungkan`,
  walkPart: {
    calls: "Untuk Anda",
    moderator: "Moderator",
    photos: "Foto",
    files: "Berkas",
    polls: "Jajak pendapat",
    results: "Hasil",
  },
  walkAt: (at, of) => `${at} dari ${of}`,
  walkKeys: [
    ["n", "berikutnya"],
    ["p", "sebelumnya"],
    ["r", "balas"],
    ["t", "utas"],
  ],
  readyAt: (place, key) => `${place} terbuka untuk Anda · ${key} ke sana`,
  jumpReady: (seq) => `#${seq} ditemukan · /jump ${seq} ke sana`,
  notAsked: (question) =>
    `${question} Tidak ada yang diubah karena Anda sedang mengetik; ulangi perintahnya.`,
  selectPrompt: "Pilih",
  selectKeys: {
    reply: "balas",
    edit: "sunting",
    thread: "utas",
    copy: "salin",
    react: "reaksi",
    fetch: "simpan berkas",
    fold: "tampilkan semua",
    "select-answered": "aslinya",
    save: "simpan",
  },
  allActions: "semua tindakan",
  selectStatus: "Shift-Up, Shift-Down berpindah · Esc",
  answerPrompt: "Pilih",
  leaveAgain: "Ctrl-C lagi untuk keluar",
  walkNextIn: (place) => `berikutnya di ${place}`,
  walkLast: "yang terakhir · n mulai lagi",
  walkEnds: "Esc tetap di sini",
  paneKeys: (place) => `Tab ke ${place} · Esc menutup`,
  moreAbove: (n) => `${n} lagi di atas`,
  moreCount: (n) => `${n} lagi`,
  membersOnline: (online, all) => `${online} dari ${all} daring`,
  presence: (user, isOnline) => `${user} ${isOnline ? "daring" : "luring"}`,
  nowOnline: (n) => `${n} daring`,
  fetchWith: (key) => `${key} untuk mengunduh`,
  moreLines: (n) => `… ${n} baris lagi`,
  showWith: (key) => `${key} untuk menampilkan semua`,
  closed: "ditutup",
  sealed: "terenkripsi",
  announced: (actor, text) => `pengumuman dari ${actor}: ${text}`,
  announcementWithdrawn: (actor) => `${actor} menarik pengumuman`,
  invitedToRoom: (actor, room) => `${actor} mengundang Anda ke #${room}: /join ${room}`,
  addedToRoom: (actor, room) =>
    `${actor} menambahkan Anda ke ruang terenkripsi #${room}: /join ${room}`,
  goTo: "Pergi ke",
  inbox: "Kotak masuk",
  nothingNew: "tidak ada yang baru",
  inboxSum: (calls, unread, since) =>
    `${calls > 0 ? `${calls} untuk Anda · ` : ""}${unread} belum dibaca` +
    (since === undefined ? "" : ` sejak ${since}`),
  inboxNewer: (count) => `${count} lebih baru · Alt-I`,
  inboxEmpty: "tidak ada yang baru",
  inboxAllRead: "Anda sudah membaca semuanya.",
  inboxNow: "kini",
  inboxGroups: {
    calls: "Untuk Anda",
    people: "Orang",
    threads: "Utas",
    rooms: "Ruang",
    recent: "Terbaru",
  },
  inboxActions: {
    open: "Buka",
    "open-beside": "Buka di sebelah",
    answer: "Balas",
    "mark-read": "Tandai sudah dibaca",
    mute: "Bisukan",
  },
  inboxMore: (count) => `${count} lagi`,
  inboxMuted: (rooms) => `dibisukan: ${rooms}`,
  turnKey: "F8 selesai",
  turnElsewhere: "Alt-N ke sana",
  inPlace: (place) => `di ${place}`,
  handKeys: "F8 berikutnya · F3 semua tangan",
  callsOnYou: (person) => `${person ?? "Moderator"} memanggil Anda`,
  inboxInvite: (person, room) => `${person} mengundang Anda ke #${room}`,
  inboxKeys: "Enter membuka · Spasi lanjut membaca · Tab tindakan",
  inboxActionKeys: "Enter memilih · Esc",
  rowsBelow: (count) => `▾ ${count} lagi`,
  find: "Cari",
  inputHistory: "Riwayat ketikan",
  messageMenu: "Tindakan pesan",
  noHistoryMatches: "Tidak ada yang cocok di riwayat ketikan.",
  newUserHint: "F1 menampilkan tombol, dan /help menampilkan perintah",
  emptyRoom: "Belum ada pesan. Tulis pesan pertama.",
  emptyPerson: (name) => `Belum ada pesan dengan ${name}.`,
  copyHint: "Alt-C menyalin · Esc menutup",
  answerHint: "Enter: jawab · Esc: batal",
  checking: "Memeriksa…; ketikan disembunyikan",
  promptCancelled: "Permintaan dibatalkan; ketikan disembunyikan sampai Enter",
  drawingFailed: (reason) =>
    `layar tidak dapat digambar (${reason}); tekan Ctrl-L untuk mencoba lagi`,
  escCancels: "Esc membatalkan",
  threadHint: (room) => `/reply TEKS juga mengirim ke ${room} (Esc menutup)`,
  threadFollowed: "Anda mengikuti utas ini",
  threadUnfollowed: "Anda tidak lagi mengikuti utas ini",
  noThreads: "Anda tidak mengikuti utas",
  unreadThreads: (seqs) => `balasan baru untuk ${seqs}`,
  stuckHint: "pilih untuk mencoba lagi, mengubah, atau membuang",
  refusedHint: "pilih untuk mengirim lagi atau membuang",

  sealedRoomCreated: (room) => `ruang terenkripsi '${room}' dibuat; tambahkan orang: /invite NAME`,
  noPassword: (room) => `'${room}' sudah ada tanpa kata sandi: semua orang dapat bergabung`,
  existingAssignment: (room) => `'${room}' sudah ada, dan merupakan ruang tugas`,
  roomCreated: (room) => `ruang '${room}' dibuat`,
  returnedTo: (room) => `kembali ke ${room}`,
  leftRoom: (room, adder) =>
    adder === undefined
      ? `Anda keluar dari ${room}`
      : `Anda keluar dari ${room}; agar ${adder} tidak menambahkan Anda lagi: /ignore ${adder}`,
  noTopic: "tidak ada topik",
  offline: INDONESIAN.offlineStatus,
  operator: INDONESIAN.operator,
  moderator: INDONESIAN.moderator,
  mutedMark: INDONESIAN.mutedMark,
  invitedMark: INDONESIAN.invitedMark,
  bot: INDONESIAN.bot,
  largeRoom: (room, all, online, names, more) => {
    const others = more > 0 ? ` dan ${more} lagi` : "";
    return `${room}: ${all} orang, ${online} daring: ${names}${others}`;
  },
  onlineList: (names) => `daring: ${names}`,
  roomList: (rooms) => `ruang: ${rooms}`,
  conversationList: (people) => `percakapan: ${people}`,
  unread: (n) => `${n} belum dibaca`,
  joined: "sudah bergabung",
  noMessagesFound: "tidak ada pesan yang ditemukan",
  loggedOutHint: "Anda sudah keluar dari akun; /login NAME untuk masuk lagi",
  loggedInAs: (user) => `masuk sebagai ${user}`,
  passwordChanged: "kata sandi diubah",
  slashHint: "untuk mengawali pesan dengan garis miring, ketik //",
  cleared: "layar dibersihkan; pesan tetap ada di riwayat",
  quietOn: "pemberitahuan bergabung dan keluar disembunyikan; untuk menampilkan: /quiet off",
  quietOff: "pemberitahuan bergabung dan keluar ditampilkan",
  ignoreNone: "Anda tidak mengabaikan siapa pun",
  ignoredList: (users) => `diabaikan: ${users}`,
  nowIgnoring: (user) => `Anda mengabaikan ${user}`,
  stoppedIgnoring: (user) => `pesan ${user} tampil lagi`,
  inviteHint: (user) => `kirim perintah ini ke ${user ?? "satu orang"}:`,
  accountInfo: INDONESIAN.accountInfo,
  accountKeys: INDONESIAN.accountKeys,
  keySince: INDONESIAN.keySince,
  newKey: INDONESIAN.newKey,
  banned: (user) => `${user} diblokir`,
  conversationOpen: (user) => `percakapan dengan ${user} tidak terenkripsi`,
  conversationSealed: (user) => `pesan baru antara Anda dan ${user} terenkripsi ujung ke ujung`,
  roomOpen: "ruang ini tidak terenkripsi: operator server dapat membacanya",
  sealingAccepted: "diterima; perangkat ini dapat memakai ruang ini lagi",
  sealing: (status, reason) => {
    const state = `terenkripsi${SEALING_STATES[status] ?? ""}`;
    return reason === undefined ? state : `${state}: ${reason}`;
  },
  sealedHistory: "anggota baru dapat membaca pesan lama",
  sealedMember: ({
    user,
    devices,
    hasBrowser,
    isMe,
    isVerified,
    isChanged,
    isAdmin,
    isInvited,
  }) => {
    const web = hasBrowser ? ", termasuk peramban" : "";
    const verification = isVerified ? "terverifikasi" : "belum terverifikasi";
    const changed = isChanged ? `; kuncinya berubah: /verify ${user}` : "";
    const state = isMe ? "Anda" : verification + changed;
    const roles = `${isAdmin ? "; admin" : ""}${isInvited ? "; diundang, belum bergabung" : ""}`;
    return `${user}: ${devices} perangkat${web}; ${state}${roles}`;
  },
  devicesAdded: (user, added, missing) => {
    if (added === 0 && missing === 0) return `semua perangkat ${user} sudah ada di ruang ini`;
    const more = missing === 0 ? "" : `; ${missing} lagi dapat ditambahkan setelah tersambung`;
    if (added === 0) return `${user} sudah ada di ruang ini${more}`;
    return `${user} ditambahkan dengan ${added} perangkat${more}`;
  },
  verified: (user) => `${user} terverifikasi`,
  confirmDigits: (user, command) =>
    `jika ${user} melihat angka yang sama, jalankan ${command} "ANGKA"`,
  confirmNewDigits: (user) =>
    `kunci identitas ${user} berubah; konfirmasi angka yang ${user} lihat`,
  keyAccepted: (user) => `kunci terbaru ${user} diterima`,
  titleSet: (room, title) => `${room} sekarang bernama ${title}`,
  faceSet: (room, mark) =>
    mark === undefined ? `${room} memakai tandanya sebagai ikon` : `${room} kini berikon ${mark}`,
  titleRemoved: (room) => `${room} tidak memiliki nama tampilan`,
  displayNameRemoved: "nama tampilan Anda dihapus",
  displayNameSet: (text) => `nama tampilan Anda: ${text}`,
  statusRemoved: "status Anda dihapus",
  statusSet: (text) => `status Anda: ${text}`,
  dndOn: "mode jangan ganggu aktif; untuk mengizinkan pemberitahuan: /dnd off",
  roomsSorted: {
    unread: "ruang yang belum dibaca tampil lebih dulu",
    name: "ruang diurutkan menurut nama",
  },
  noKeywords: "tidak ada kata kunci; agar kata tertentu memberi tahu Anda: /keywords KATA, ...",
  keywordsAre: (list) => `kata kunci yang memberi tahu Anda: ${list}`,
  dndOff: "pemberitahuan aktif",
  noHands: "tidak ada tangan di sini",
  messageSaved: "tersimpan; daftar pesan tersimpan: /saved",
  messageUnsaved: "dihapus dari pesan tersimpan",
  nothingSaved: "belum ada pesan tersimpan; untuk menyimpan: /save",
  savedUnreadable: (n) => `${n} pesan tersimpan tidak dapat dibaca lagi`,
  nothingPinned: "tidak ada pesan yang disematkan",
  onlyLatest: (n) => `ada yang lebih lama; yang tampil ${n} terbaru`,
  readBy: (readers, members, names) => {
    const list = readers === 0 ? "" : `: ${names.join(", ")}`;
    return `dibaca oleh ${readers} dari ${members}${list}`;
  },
  queuedMessage: (user) => `${user} sedang luring; pesan akan dikirim nanti`,
  queuedFile: (user) => `${user} sedang luring; berkas dapat diunduh nanti`,
  sentTo: (target) => `terkirim ke ${target}`,
  fileSent: (name, target) => `'${name}' terkirim ke ${target}`,
  fileDownloaded: (file, from) => `${file} dari ${from} sudah diunduh`,
  fileExists: (file) => `sudah ada dan utuh: ${file}`,
  skippedEntry: (entry) => `dilewati: ${entry}`,
  grownFile: (path) => `${path} terus bertambah; hanya dikirim sampai ukuran awalnya`,
  moreSkippedEntries: (folder, n) => `${folder}: ${n} entri lagi dilewati`,
  personalData: (file, kind, isCertain) =>
    `${file} ${isCertain ? "memuat" : "mungkin memuat"} ` +
    (kind === "location" ? "lokasi pengambilannya" : "nama seseorang, misalnya pembuatnya"),
  savedUnderName: (file, from, to) => `${file}: ${from} disimpan sebagai ${to}`,
  moreSavedUnderNames: (file, n) => `${file}: ${n} lagi disimpan dengan nama lain`,
  notKept: (file, properties) => {
    const names = properties.map((property) =>
      property === "modes" ? "izin akses" : "waktu ubah",
    );
    return `${file}: tersimpan, tetapi disk ini tidak menyimpan ${names.join(" dan ")}`;
  },
  noFiles: "tidak ada berkas",
  unfinishedFiles: "unggahan Anda yang belum selesai; untuk menghapusnya: /files delete ID",
  unfinishedDeleted: (id) => `unggahan ${id} yang belum selesai dihapus`,
  stuckMessage: "tidak terkirim; untuk memutuskan kelanjutannya: /files",
  continuesLater: (n) => `${n} pesan dengan berkas berlanjut saat mulai lagi`,
  stuckIn: (target) => `satu pesan untuk ${target} tidak terkirim; pesan itu menunggu Anda di sana`,
  inputNotEmpty: "kirim atau hapus dahulu yang sudah diketik, lalu ubah pesannya",
  waitingMessages: "pesan yang menunggu (/files retry, without, edit, atau delete, dan nomornya):",
  finishingTransfers: "menyelesaikan transfer; Ctrl-C menghentikannya dan dapat dilanjutkan nanti",
  ircPasswordCreated: (user) => `kata sandi IRC untuk ${user}, hanya ditampilkan sekali:`,
  ircPasswords: (n) => (n === 0 ? "tidak ada kata sandi IRC" : `${n} kata sandi IRC`),
  ircPasswordFacts: (id, label, day, isOnline) =>
    `${id}: ${label === "" ? "" : `${label}, `}dibuat ${day}${isOnline ? ", sedang dipakai" : ""}`,
  ircPasswordRevoked: (id) => `kata sandi IRC ${id} tidak berlaku lagi`,
  nothingMuted: "tidak ada yang dibisukan",
  mutedList: (targets) => `dibisukan di perangkat ini: ${targets}`,
  unmuted: (target) => `${target} tidak lagi dibisukan`,
  notifyLevelSet: (target, level) =>
    `pemberitahuan dari ${target} di semua perangkat Anda: ${INDONESIAN.notifyLevel(level)}`,
  targetMuted: (target) => `${target} dibisukan di perangkat ini`,
  mutedBySetting: (target) =>
    `${target} masih dibisukan oleh setelan 'muted'; untuk mengubahnya: /set muted`,
  stats: {
    over: (transport, since) => `lewat ${transport} sejak ${since}`,
    acknowledged: (n, requests) => `${n} dari ${requests} permintaan dijawab`,
    sent: (messages, bytes) => `terkirim ${messages} pesan, ${bytes} bita`,
    received: (messages, bytes) => `diterima ${messages} pesan, ${bytes} bita`,
    datagrams: (n) => ` dalam ${n} datagram`,
    lost: (n) => `${n} datagram hilang dan dikirim ulang`,
    roundTrip: (ms) => `waktu bolak-balik ${ms} md`,
    window: (size) => `jendela kemacetan ${size}`,
  },
  copied: "tersalin",
  tooLongToCopy: "terlalu panjang untuk disalin",
  rejoined: {
    copy: "salinan ruang terenkripsi di perangkat ini sudah lama; perangkat bergabung kembali",
    damaged:
      "data ruang terenkripsi di perangkat ini hilang atau rusak; perangkat bergabung kembali",
    replaced: "riwayat server diganti; perangkat bergabung kembali ke ruang terenkripsinya",
  },
  failedOver: (from, to) => `${from} tidak menjawab; tersambung ke server yang sama di ${to}`,
  disk: (space) => {
    const [free, keep] = [formatSize(space.freeBytes), formatSize(space.keepFreeBytes)];
    if (!space.isLow) return `ruang disk server cukup lagi: ${free} kosong`;
    return isDiskFull(space)
      ? `disk server penuh: ${free} kosong; hanya operator dapat mengirim sampai ${keep} kosong`
      : `disk server hampir penuh: ${free} kosong; di bawah ${keep} hanya operator dapat mengirim`;
  },
  guessDelay: (of, seconds) => {
    const reasons = {
      address: "terlalu banyak kata sandi salah dari alamat ini",
      account: "terlalu banyak kata sandi salah untuk nama ini",
      everyone: "terlalu banyak percobaan untuk kata sandi ini",
    };
    return `${reasons[of]}; mencoba lagi dalam ${seconds} dtk`;
  },

  askCreate: (room, password, isSealed) => {
    if (isSealed) return `Ruang '${room}' tidak ada. Buat dengan enkripsi ujung ke ujung?`;
    if (password === undefined) return `Ruang '${room}' tidak ada. Buat?`;
    return `Ruang '${room}' tidak ada. Buat dengan kata sandi '${password}'?`;
  },
  askInstead: (room, near) => `Ruang '${room}' tidak ada. Buka '${near}' saja?`,
  askSeal: (user) => `Enkripsi percakapan dengan ${user}? Ini tidak dapat dibatalkan.`,
  appliesTo: (room) => `berlaku untuk #${room}`,
  askLeaveLast: (room) =>
    `Anda satu-satunya moderator #${room}. Tidak ada yang akan melihat tugas anggota. Keluar?`,
  askErase: (message) => `Hapus untuk semua orang? ${message}`,
  askEraseFile: (name: string) => `Hapus ${name} untuk semua orang?`,
  askPassword: (user, server) => `Kata sandi untuk ${user} di ${server}`,
  askInvite: (server) => `Kode undangan untuk ${server}`,
  askServerPassword: (server) => `Kata sandi server untuk ${server}`,
  askAgain: (question) => `Tidak diterima; kode kartu Anda juga bisa dipakai di sini. ${question}`,
  askCurrentPassword: "Kata sandi saat ini (kosongkan jika belum ada)",
  askNewPassword: "Kata sandi baru",
  askNewPasswordOf: (user, server) => `Kata sandi baru untuk ${user} di ${server}`,
  askRepeat: "Ulangi kata sandi",

  slash: {
    ...INDONESIAN_COMMANDS,
    wall: "tampilkan ruang di layar, pilih nama, waktu, baris atau giliran; untuk moderator",
    stamp: "jawab tugas NAME, atau kotak yang terbuka, dengan stempel; untuk moderator",
    list: "daftar pengguna yang daring",
    readers: "tampilkan pembaca pesan Anda; tanpa SEQ, pesan terakhir Anda di sini",
    send: "kirim berkas atau folder, dengan keterangan bila perlu",
    caption: "ubah keterangan berkas Anda; tanpa TEXT, hapus",
    get: "unduh berkas menurut id, nama atau nomor; DIR bawaan: folder tempat chat dijalankan",
    verify: "verifikasi identitas seseorang, atau terima kunci barunya",
    history: "tampilkan N pesan terakhir di sini",
    register: "buat akun",
    login: "masuk ke akun Anda",
    logout: "keluar dari akun dan tetap tersambung; chat logout juga mengeluarkan perangkat ini",
    passwd: "ganti kata sandi (diminta, atau CHAT_NEW_PASSWORD)",
    "irc-password": "buat, tampilkan atau cabut kata sandi untuk klien IRC Anda",
    set: "tampilkan atau ubah setelan layar penuh",
    notify: "pemberitahuan all, mentions atau nothing; on, off: hanya di perangkat ini",
    inbox: "daftar yang baru, yang memanggil Anda dulu",
    go: "buka pesan N dari daftar terakhir, di mode baris",
    stats: "tampilkan statistik sambungan",
    help: "daftar semua perintah, atau jelaskan satu perintah",
    quit: "keluar",
  },
};
