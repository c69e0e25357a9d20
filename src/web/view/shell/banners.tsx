/** Banners above the page: connection state, page updates and other servers. */

import { Fragment, type ReactNode, useContext, useEffect, useRef, useState } from "react";
import { isDiskFull } from "../../../base/disk-space.ts";
import { formatSize } from "../../../base/sizes.ts";
import { SECOND_MS } from "../../../base/time.ts";
import type { ConnectionView } from "../../../core/model/state.ts";
import { faultText, PageFault } from "../../../ui/text/fault-text.ts";
import { otherPages } from "../../input/invite-addresses.ts";
import { OperatorBanner } from "../login/operator-banner.tsx";
import { Announced, useAnnounce } from "./announced.tsx";
import { Button } from "./button.tsx";
import { PageContext, useModelValue, useStart, useStartTexts } from "./context.tsx";
import { IconButton } from "./icons.tsx";
import { LazyModule, useLoading } from "./lazy.ts";

/** Not needed before a sign-in. */
const memberBanners = new LazyModule(() => import("./member-banners.tsx"));

function Countdown({ retryAtUnixMs }: { readonly retryAtUnixMs: number }) {
  const texts = useStartTexts();
  const secondsNow = () => Math.max(0, Math.ceil((retryAtUnixMs - Date.now()) / SECOND_MS));
  const [seconds, setSeconds] = useState(secondsNow);
  // biome-ignore lint/correctness/useExhaustiveDependencies: counts down to a fixed time
  useEffect(() => {
    setSeconds(secondsNow());
    const timer = setInterval(() => setSeconds(secondsNow()), SECOND_MS);
    return () => clearInterval(timer);
  }, [retryAtUnixMs]);
  return <span>{texts.offline(seconds)}</span>;
}

function OtherPages() {
  const { texts, chat } = useStart();
  const pages = useModelValue(() => chat.cluster);
  const otherAddresses = chat.isLocal ? [] : otherPages(location, pages);
  if (otherAddresses.length === 0) return null;
  return (
    <span>
      {texts.otherPages}{" "}
      {otherAddresses.map((origin, i) => (
        <Fragment key={origin}>
          {i === 0 ? "" : ", "}
          <a href={`${origin}/`}>{origin.replace("https://", "")}</a>
        </Fragment>
      ))}
    </span>
  );
}

/** Keeps the same element and button across connection attempts. */
function Offline({ connection }: { readonly connection: ConnectionView }) {
  const { texts, chat } = useStart();
  const offline = connection.kind === "offline" ? connection : undefined;
  return (
    <div className="banner banner-warning banner-floating">
      {/* Only the faults of this page explain more than the countdown. */}
      {offline?.fault instanceof PageFault ? <p>{faultText(offline.fault, texts)}</p> : null}
      {offline === undefined ? (
        <span>{texts.connecting}</span>
      ) : (
        <Countdown retryAtUnixMs={offline.retryAtUnixMs} />
      )}
      <Button onClick={() => chat.reconnectNow()}>{texts.tryNow}</Button>
      <OtherPages />
    </div>
  );
}

/** Announces the loss once, however many attempts fail, and the return once. */
function useConnectionAnnouncements(connection: ConnectionView): void {
  const { texts } = useStart();
  const announce = useAnnounce();
  const isLost = useRef(false);
  useEffect(() => {
    if (connection.kind === "offline" && !isLost.current) {
      isLost.current = true;
      announce("offline", faultText(connection.fault, texts));
    }
    if (connection.kind !== "online" || !isLost.current) return;
    isLost.current = false;
    announce("online", texts.connectedAgain);
  }, [connection, texts, announce]);
}

function ConnectionBanner({ connection }: { readonly connection: ConnectionView }) {
  const { texts } = useStart();
  const isLoggedIn = useModelValue((model) => model.me !== undefined);
  switch (connection.kind) {
    case "connecting":
      return isLoggedIn ? <Offline connection={connection} /> : null;
    case "offline":
      return <Offline connection={connection} />;
    case "online":
      return connection.isStalled ? (
        <div className="banner banner-warning banner-floating">
          <Announced kind="notice" as="span">
            {texts.waitingForServer}
          </Announced>
        </div>
      ) : null;
    case "ended":
      return (
        <div className="banner banner-warning banner-floating">
          <Announced kind="offline" as="span">
            {texts.disconnected}{" "}
            {connection.fault === undefined ? "" : faultText(connection.fault, texts)}
          </Announced>
          <Button onClick={() => location.reload()}>{texts.reload}</Button>
        </div>
      );
    default:
      return null;
  }
}

interface BannersProps {
  /** Whether a part of the page, in place of which nothing is shown, can't be loaded so far. */
  readonly lacksPart: boolean;
}

export function Banners({ lacksPart }: BannersProps) {
  const texts = useStartTexts();
  const connection = useModelValue((model) => model.connection);
  useConnectionAnnouncements(connection);
  const isOutdated = useModelValue((model) => model.isOutdated);
  const { chat } = useStart();
  const isInvited = useModelValue(() => chat.invitations.length > 0);
  const isRemoved = useModelValue(() => chat.removals.length > 0);
  const hasTexts = useContext(PageContext) !== undefined;
  const isAnnounced = useModelValue(({ notices }) => notices.announcement !== undefined);
  const hasMemberBanner = isInvited || isRemoved || isAnnounced;
  const { loaded: { MemberBanners } = {}, hasFailed } = useLoading(memberBanners, hasMemberBanner);
  const hasNotices = useModelValue(({ notices }) => Object.values(notices).some(Boolean));
  const isReplaced = useModelValue(() => chat.isReplaced);
  const hasOperatorNotice = useModelValue(() => chat.operatorLink !== undefined);
  return (
    <header className="banners">
      <ConnectionBanner connection={connection} />
      {hasNotices ? <Notices /> : null}
      {hasOperatorNotice ? <OperatorBanner /> : null}
      {MemberBanners === undefined || !hasTexts ? null : (
        <MemberBanners isAnnounced={isAnnounced} isInvited={isInvited} isRemoved={isRemoved} />
      )}
      {lacksPart || hasFailed ? (
        <Banner isWarning text={texts.partMissing}>
          <Button onClick={() => location.reload()}>{texts.reload}</Button>
        </Banner>
      ) : null}
      {isReplaced ? (
        <div className="banner banner-warning">
          <Announced kind="offline" as="span">
            {texts.pageReplaced}
          </Announced>
          <Button onClick={() => location.reload()}>{texts.reload}</Button>
        </div>
      ) : (
        <StoreFailure />
      )}
      {isOutdated && !isReplaced ? (
        <Banner text={texts.outdated}>
          <Button onClick={() => location.reload()}>{texts.reload}</Button>
        </Banner>
      ) : null}
    </header>
  );
}

function StoreFailure() {
  const { texts, chat } = useStart();
  const text = useModelValue(() => {
    const { fault, loss } = chat.storeFailure ?? {};
    if (fault === undefined || loss === undefined) return undefined;
    if (chat.isStoreDeleted) return texts.browserDataDeleted;
    const reason = fault.code === "store-full" ? texts.browserFull : texts.browserStoresNothing;
    return `${reason} ${texts.storeLost(loss)}`;
  });
  if (text === undefined) return null;
  return (
    <div className="banner banner-warning">
      <Announced kind="fault" as="span">
        {text}
      </Announced>
      <IconButton icon="close" label={texts.dismiss} onPress={() => chat.dismissStoreFailure()} />
    </div>
  );
}

interface BannerProps {
  readonly text: string;
  readonly isWarning?: boolean;
  readonly children?: ReactNode;
}

/** Banner that the user can dismiss until its cause ends and recurs. */
function Banner({ text, isWarning = false, children }: BannerProps) {
  const texts = useStartTexts();
  const [isDismissed, setDismissed] = useState(false);
  if (isDismissed) return null;
  return (
    <div className={`banner banner-${isWarning ? "warning" : "info"}`}>
      <Announced kind="notice" as="span">
        {text}
      </Announced>
      {children}
      <IconButton icon="close" label={texts.dismiss} onPress={() => setDismissed(true)} />
    </div>
  );
}

function Notices() {
  const { texts } = useStart();
  const { diskLow, hasMajority, refusal } = useModelValue((model) => model.notices);
  const diskText = diskLow !== undefined && isDiskFull(diskLow) ? texts.diskFull : texts.diskLow;
  return (
    <>
      {hasMajority === false ? <Banner isWarning text={texts.noMajority(refusal)} /> : null}
      {diskLow === undefined ? null : (
        <Banner
          key={String(isDiskFull(diskLow))}
          isWarning
          text={diskText(formatSize(diskLow.freeBytes), formatSize(diskLow.keepFreeBytes))}
        />
      )}
    </>
  );
}
