import { useEffect, useRef, type ReactNode } from "react";
import { Problem } from "./api/client";
import { credentials, setCredentials } from "./api/credentials";
import { useOverview } from "./api/queries";
import { AsOf } from "./as-of";
import { BreaksPage } from "./pages/breaks";
import { NotFoundPage } from "./pages/not-found";
import { OverviewPage } from "./pages/overview";
import { ReceiptPage } from "./pages/receipt";
import { ReceiptsPage } from "./pages/receipts";
import { SignInPage } from "./pages/sign-in";
import { StoreDayPage } from "./pages/store-day";
import { StoreDaysPage } from "./pages/store-days";
import { WhyPage } from "./pages/why";
import { ErrorBoundary } from "./parts/error-boundary";
import { LiveState, UnreachableBanner } from "./parts/live-state";
import { href, useRoute, type Route } from "./router";
import { readersTimeZone } from "./words/format";

const sections = [
  { name: "overview", label: "Overview", path: [] },
  { name: "receipts", label: "Receipts", path: ["receipts"] },
  { name: "store-days", label: "Store days", path: ["store-days"] },
  { name: "breaks", label: "Breaks", path: ["breaks"] },
] as const;

interface Place {
  section: string;
  title: string;
  page: ReactNode;
}

function placeOf({ path, params }: Route): Place {
  const [first, second, ...rest] = path;
  if (first === undefined) {
    return { section: "overview", title: "Overview", page: <OverviewPage /> };
  }
  if (rest.length === 0 && first === "receipts") {
    return second === undefined
      ? { section: "receipts", title: "Receipts", page: <ReceiptsPage params={params} /> }
      : {
          section: "receipts",
          title: "Receipt",
          page: <ReceiptPage key={second} id={second} />,
        };
  }
  if (first === "store-days") {
    const [date, ...more] = rest;
    if (second === undefined) {
      return {
        section: "store-days",
        title: "Store days",
        page: <StoreDaysPage params={params} />,
      };
    }
    if (date !== undefined && more.length === 0) {
      return {
        section: "store-days",
        title: `${second}, ${date}`,
        page: <StoreDayPage key={`${second} ${date}`} shop={second} date={date} />,
      };
    }
  }
  if (first === "receipts" && second !== undefined && path.length === 3 && rest[0] === "why") {
    return {
      section: "receipts",
      title: "Why these points?",
      page: <WhyPage key={second} id={second} />,
    };
  }
  if (second === undefined && first === "breaks") {
    return { section: "breaks", title: "Breaks", page: <BreaksPage params={params} /> };
  }
  return { section: "", title: "Not found", page: <NotFoundPage /> };
}

export function App() {
  const route = useRoute();
  const overview = useOverview();
  const place = placeOf(route);
  const unknown = overview.error instanceof Problem && overview.error.status === 401;
  const main = useRef<HTMLElement>(null);
  const pathKey = route.path.join("/");
  const lastPath = useRef(pathKey);

  useEffect(() => {
    document.title = `${place.title} · Crossfoot`;
  }, [place.title]);

  // A new page starts at its top, for the eye and the keyboard alike; a changed filter does not.
  useEffect(() => {
    if (lastPath.current === pathKey) return;
    lastPath.current = pathKey;
    window.scrollTo(0, 0);
    main.current?.focus({ preventScroll: true });
  }, [pathKey]);

  return (
    <AsOf value={overview.data?.as_of ?? null}>
      <a
        className="skip"
        href="#main"
        onClick={(event) => {
          event.preventDefault();
          main.current?.focus();
        }}
      >
        Skip to the content
      </a>
      <header className="topbar">
        <div className="topbar-inner">
          <a className="brand" href={href([])}>
            <Mark />
            <span>Crossfoot</span>
          </a>
          <nav aria-label="Main">
            {sections.map(({ name, label, path }) => (
              <a
                key={name}
                href={href(path)}
                aria-current={place.section === name ? "page" : undefined}
              >
                {label}
              </a>
            ))}
          </nav>
          {!unknown && <LiveState overview={overview} />}
        </div>
      </header>
      <main id="main" ref={main} tabIndex={-1}>
        {unknown ? (
          <SignInPage />
        ) : (
          <>
            <UnreachableBanner overview={overview} />
            <ErrorBoundary key={pathKey}>{place.page}</ErrorBoundary>
          </>
        )}
      </main>
      <footer className="footer">
        <p>Times are shown in {readersTimeZone()}. Business dates are the store’s own.</p>
        {!unknown && credentials() !== null && (
          <button type="button" onClick={signOut}>
            Sign out
          </button>
        )}
      </footer>
    </AsOf>
  );
}

function signOut() {
  setCredentials(null);
  window.location.reload();
}

/** A small table whose rows and columns are added up, which is what to crossfoot means. */
function Mark() {
  return (
    <svg className="mark" viewBox="0 0 20 20" aria-hidden="true">
      <rect x="1" y="1" width="5" height="5" rx="1" opacity=".45" />
      <rect x="7.5" y="1" width="5" height="5" rx="1" opacity=".45" />
      <rect x="1" y="7.5" width="5" height="5" rx="1" opacity=".45" />
      <rect x="7.5" y="7.5" width="5" height="5" rx="1" opacity=".45" />
      <rect x="14.5" y="1" width="4.5" height="11.5" rx="1" />
      <rect x="1" y="14.5" width="11.5" height="4.5" rx="1" />
      <rect className="mark-total" x="14.5" y="14.5" width="4.5" height="4.5" rx="1" />
    </svg>
  );
}
