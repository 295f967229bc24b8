/** Who rests by somebody's wish: paused services, or all of them during maintenance. Resting is not silence. */
export interface Rest {
  maintenance(): boolean;
  paused(service: string): boolean;
}
