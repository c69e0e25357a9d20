/** What stands behind `#` in the page's address. It never goes over the network by itself. */
export interface Fragment {
  /** The room password or an invite's token. */
  readonly secret: string | undefined;
  /** Of the one-use link that `serve` prints for its operator; admits as well. */
  readonly operatorToken: string | undefined;
  /** Of `chat web`: the first message of each link must carry it. */
  readonly localToken: string | undefined;
}

/**
 * `#operator=TOKEN` and `#invite=SECRET` as `serve` prints them; `#TOKEN` or
 * `#TOKEN&invite=SECRET` as `chat web` does.
 * @param isLocal whether `chat web` has given out the page
 */
export function readFragment(fragment: string, isLocal: boolean): Fragment {
  const text = fragment.replace(/^#/, "");
  const nothing = { secret: undefined, operatorToken: undefined, localToken: undefined };
  if (isLocal) {
    const [token = "", secret = ""] = text.split("&invite=");
    return { ...nothing, localToken: decoded(token), secret: decoded(secret) };
  }
  const [, name, value] = /^(operator|invite)=(.+)$/s.exec(text) ?? [];
  const secret = decoded(value ?? text);
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
