/** Small pictures on the card's buttons; the word is always beside them or in their name. */

function Icon({ children }: { children: React.ReactNode }): JSX.Element {
  return (
    <svg className="jp-Training-buttonIcon" viewBox="0 0 16 16" aria-hidden="true">
      {children}
    </svg>
  );
}

export const LogIcon = (): JSX.Element => (
  <Icon>
    <path d="M3 4h10M3 8h10M3 12h6" />
  </Icon>
);

export const CloneIcon = (): JSX.Element => (
  <Icon>
    <path d="M6 6h7v7H6zM10 6V3H3v7h3" />
  </Icon>
);
