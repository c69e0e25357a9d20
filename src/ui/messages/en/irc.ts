/** English texts about IRC clients, for page and terminal. */

export const ENGLISH_IRC = {
  ircServer: (host: string, port: number) => `Server: ${host}, port ${port}, with TLS`,
  ircAccount: (user: string) => `Nick and user name: ${user}`,
  ircCertificate: (hex: string) => `Certificate (SHA-256): ${hex}`,
  ircCertificateColons: (fingerprint: string) => `For irssi: ${fingerprint}`,
  ircGuide: "The guide docs/irc.md explains how to set up IRC clients.",
  ircDisabled: "This server doesn't accept IRC clients from other machines. See docs/irc.md.",
};
