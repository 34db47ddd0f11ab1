// Labels of a time axis in UTC, as coarse as the distance between ticks allows.
import type uPlot from 'uplot';

const DAY = 86_400;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** uPlot axis values: years, months, days or hours, with the year or day named where it changes. */
export const timeAxisLabels: uPlot.Axis.DynamicValues = (_, ticks, __, ___, step) =>
  ticks.map((tick, index) => {
    const date = new Date(tick * 1000);
    const before = index === 0 ? null : new Date(ticks[index - 1]! * 1000);
    const year = date.getUTCFullYear();
    const newYear = before === null || before.getUTCFullYear() !== year;
    if (step >= 360 * DAY) return String(year);
    const month = MONTHS[date.getUTCMonth()]!;
    if (step >= 28 * DAY) return newYear ? `${month} ${year}` : month;
    const day = `${date.getUTCDate()} ${month}`;
    if (step >= DAY) return newYear ? `${day} ${year}` : day;
    const clock = date.toISOString().slice(11, 16);
    const newDay = before === null || before.getUTCDate() !== date.getUTCDate();
    return newDay ? `${day} ${clock}` : clock;
  });
