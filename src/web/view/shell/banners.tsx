/** Banners above the page: connection state, page updates and other servers. */

import { Fragment, useEffect, useState } from "react";
import type { ConnectionView } from "../../../core/model/state.ts";
import { faultText } from "../../../ui/text/fault-text.ts";
import { otherPages } from "../../input/invite-addresses.ts";
import { Button } from "./button.tsx";
import { useFact, usePage, useTexts } from "./context.tsx";
import { LazyPart } from "./lazy.tsx";

const SECOND_MS = 1_000;

function Countdown({ retryAtUnixMs }: { readonly retryAtUnixMs: number }) {
  const texts = useTexts();
  const secondsNow = () => Math.max(0, Math.ceil((retryAtUnixMs - Date.now()) / SECOND_MS));
  const [seconds, setSeconds] = useState(secondsNow);
  // biome-ignore lint/correctness/useExhaustiveDependencies: counts down to that moment
  useEffect(() => {
    setSeconds(secondsNow());
    const timer = setInterval(() => setSeconds(secondsNow()), SECOND_MS);
    return () => clearInterval(timer);
  }, [retryAtUnixMs]);
  return <span>{texts.offline(seconds)}</span>;
}

/** Links to the page on the cluster's other servers: a page cannot change its origin. */
function OtherPages() {
  const { texts, chat } = usePage();
  const pages = useFact(() => chat.cluster);
  const others = chat.isLocal ? [] : otherPages(location, pages);
  if (others.length === 0) return null;
  return (
    <span>
      {texts.otherPages}{" "}
      {others.map((origin, i) => (
        <Fragment key={origin}>
          {i === 0 ? "" : ", "}
          <a href={`${origin}/`}>{origin.replace("https://", "")}</a>
        </Fragment>
      ))}
    </span>
  );
}

/** Keeps the same banner and button across connection attempts. */
function Offline({ connection }: { readonly connection: ConnectionView }) {
  const { texts, chat } = usePage();
  const lost = connection.kind === "offline" ? connection : undefined;
  return (
    <div className="banner banner-warning">
      <p className="sr-only" role="alert">
        {lost === undefined ? "" : faultText(lost.fault, texts)}
      </p>
      {lost === undefined ? (
        <span>{texts.connecting}</span>
      ) : (
        <Countdown retryAtUnixMs={lost.retryAtUnixMs} />
      )}
      <Button onClick={() => chat.reconnectNow()}>{texts.tryNow}</Button>
      <OtherPages />
    </div>
  );
}

function ConnectionBanner({ connection }: { readonly connection: ConnectionView }) {
  const { texts } = usePage();
  const isIn = useFact((model) => model.me !== undefined);
  switch (connection.kind) {
    case "connecting":
      return isIn ? <Offline connection={connection} /> : null;
    case "offline":
      return <Offline connection={connection} />;
    case "online":
      return connection.isStalled ? (
        <div className="banner banner-warning" role="status">
          <span>{texts.waitingForServer}</span>
        </div>
      ) : null;
    case "ended":
      return (
        <div className="banner banner-warning" role="alert">
          <span>
            {texts.ended} {connection.fault === undefined ? "" : faultText(connection.fault, texts)}
          </span>
          <Button onClick={() => location.reload()}>{texts.reload}</Button>
        </div>
      );
    default:
      return null;
  }
}

export function Banners() {
  const texts = useTexts();
  const connection = useFact((model) => model.connection);
  const isOutdated = useFact((model) => model.isOutdated);
  const { chat } = usePage();
  const isInvited = useFact(() => chat.invitations.length > 0);
  const hasBoard = useFact(({ notices: board }) => Object.values(board).some(Boolean));
  const isNewOperator = useFact(() => chat.isNewOperator);
  return (
    <header className="banners">
      <ConnectionBanner connection={connection} />
      {hasBoard ? <LazyPart part="Board" /> : null}
      {isNewOperator ? <LazyPart part="OperatorLine" /> : null}
      {isInvited ? <LazyPart part="Invitations" /> : null}
      {isOutdated ? (
        <div className="banner banner-info" role="status">
          <span>{texts.outdated}</span>
          <Button onClick={() => location.reload()}>{texts.reload}</Button>
        </div>
      ) : null}
    </header>
  );
}
