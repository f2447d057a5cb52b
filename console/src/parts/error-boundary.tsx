import { Component, type ReactNode } from "react";
import { Notice } from "./notice";

interface State {
  failed: boolean;
}

/** Keeps navigation alive when one page meets an answer it cannot show. */
export class ErrorBoundary extends Component<{ children: ReactNode }, State> {
  override state: State = { failed: false };

  static getDerivedStateFromError(): State {
    return { failed: true };
  }

  override render() {
    if (!this.state.failed) return this.props.children;
    return (
      <Notice tone="bad" title="This page could not be shown">
        The server’s answer was not in the form that this console knows. The console and the
        server may be of different versions; loading the page again gets the server’s own.
      </Notice>
    );
  }
}
