/** English texts of the dialog about the server's root certificate, which the page loads for it. */

export const ENGLISH_TRUST = {
  allows: (name: string) =>
    `With this server's root certificate, this device opens ${name} without a warning. The page ` +
    "can then show notifications and be installed as an app. The certificate can vouch for this " +
    "server's names only.",
  danger:
    "Install it only if you would let this server's owner administer your device, and only after " +
    "comparing the SHA-256. On a device that you don't want to change, continue after the " +
    "browser's warning instead.",
  download: "Download",
  sha256: "SHA-256, to compare with what the server's owner sees",
  steps: (device: string) => `Steps on ${device}`,
  command: "Or run this command on this computer, and confirm",
  restart: "Restart the browser.",
  check: "Check",
  checking: "Checking…",
  works: "It works: this browser trusts the server.",
  continueAt: (name: string) => `Continue at ${name}`,
  signInAgain:
    "You sign in there with your password. If you have none, first set one in the settings here.",
  missing: (name: string) =>
    `Not yet: this browser doesn't trust the certificate, or can't find ${name}. To see which, ` +
    "open",
  missingHint:
    "If a warning appears, the certificate is not installed, or the browser must restart. If the " +
    "name isn't found, this device or network doesn't support it; continue here instead.",
  missingHere:
    "Not yet: this browser doesn't trust the certificate. Follow the steps, then restart it.",
  devices: {
    iPhone: [
      "Open this page in Safari, tap Download, then Allow. If the file is in Files, open it there.",
      "In Settings > General > VPN & Device Management, open the profile and tap Install.",
      "In Settings > General > About > Certificate Trust Settings, turn the certificate on.",
    ],
    Android: [
      "Tap Download.",
      "In Settings, search for “CA certificate”: Encryption & credentials > Install a certificate.",
      "Choose CA certificate > Install anyway, and the downloaded file.",
      "Firefox: Settings > About Firefox, tap the logo until a debug menu is announced; then in " +
        "Secret Settings, turn on third party CA certificates.",
    ],
    Windows: [
      "Download and open the file, then choose Install Certificate > Current User.",
      "Place it in the store “Trusted Root Certification Authorities”, and confirm.",
    ],
    macOS: [
      "Download and open the file, and add it to the keychain “login”.",
      "In Keychain Access, double-click the certificate, and under Trust choose Always Trust.",
    ],
    ChromeOS: [
      "Download the file, and open chrome://certificate-manager.",
      "Under Custom > Installed by you, import the file as a trusted certificate.",
    ],
    Firefox: [
      "On Windows and macOS, Firefox uses the system's certificates: follow the steps for them.",
      "On Linux, download the file, and open Settings > Privacy & Security > View Certificates.",
      "Under Authorities, import the file, and trust it to identify websites.",
    ],
    Linux: [
      "In Chrome or Chromium, download the file, and open chrome://certificate-manager.",
      "Under Custom > Installed by you, import the file as a trusted certificate.",
    ],
  },
};

export type TrustTexts = Readonly<typeof ENGLISH_TRUST>;
