/** Indonesian texts about IRC clients. */

import type { ENGLISH_IRC } from "../en/irc.ts";

export const INDONESIAN_IRC: typeof ENGLISH_IRC = {
  ircServer: (host, port) => `Server: ${host}, port ${port}, dengan TLS`,
  ircAccount: (user) => `Nick dan nama pengguna: ${user}`,
  ircCertificate: (hex) => `Sertifikat (SHA-256): ${hex}`,
  ircCertificateColons: (fingerprint) => `Untuk irssi: ${fingerprint}`,
  ircGuide: "Panduan docs/irc.md menjelaskan cara menyiapkan klien IRC.",
  ircDisabled: "Server ini tidak menerima klien IRC dari mesin lain. Lihat docs/irc.md.",
};
