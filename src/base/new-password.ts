import { Fault } from "./fault.ts";
import { PASSWORD_CHARS_MIN } from "./limits.ts";

/** Passwords that were set before there was a minimum stay valid. @throws Fault usage */
export function checkNewPassword(password: string): void {
  if ([...password].length >= PASSWORD_CHARS_MIN) return;
  const sentence = `a new password needs at least ${PASSWORD_CHARS_MIN} characters`;
  throw new Fault("usage", sentence, { remedy: "choose a longer one" });
}
