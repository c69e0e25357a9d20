import { copiedText } from "../../wire/invite.ts";

/** What stands behind `#` in the page's address. It never goes over the network by itself. */
export interface Fragment {
  /** The room password or an invite's token. */
  readonly secret: string | undefined;
  /** Of the one-use link that `serve` prints for its operator; admits as well. */
  readonly operatorToken: string | undefined;
  /** Of the address that an operator makes for a user who lost the password. */
  readonly resetToken: string | undefined;
  /** Of the address that `chat share` prints; nothing to any other server. */
  readonly shareSecret: string | undefined;
  /** Of `chat web`: the first message of each link must carry it. */
  readonly localToken: string | undefined;
}

/**
 * `#operator=TOKEN` and `#invite=SECRET` as `serve` prints them, `#reset=TOKEN` as
 * `chat admin reset` does, `#share=SECRET` as `chat share`; `#TOKEN` or
 * `#TOKEN&invite=SECRET` as `chat web` does.
 * @param isLocal whether `chat web` has given out the page
 */
export function readFragment(fragment: string, isLocal: boolean): Fragment {
  const text = copiedText(fragment.replace(/^#/, ""));
  const nothing = {
    secret: undefined,
    operatorToken: undefined,
    resetToken: undefined,
    shareSecret: undefined,
    localToken: undefined,
  };
  if (isLocal) {
    const [token = "", secret = ""] = text.split("&invite=");
    return { ...nothing, localToken: decoded(token), secret: decoded(secret) };
  }
  const [, name, value] = /^(operator|invite|reset|share)=(.+)$/s.exec(text) ?? [];
  const secret = decoded(value ?? text);
  if (name === "share") return { ...nothing, shareSecret: secret };
  if (name === "reset") return { ...nothing, resetToken: secret };
  return { ...nothing, secret, operatorToken: name === "operator" ? secret : undefined };
}

/** Undefined: nothing, or damaged. */
function decoded(text: string): string | undefined {
  try {
    return text === "" ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
