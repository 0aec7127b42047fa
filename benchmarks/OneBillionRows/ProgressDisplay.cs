using System.Diagnostics;
using OneBillionRows.Challenge;
using Spectre.Console;

namespace OneBillionRows;

/// <summary>A bar on the error stream while something long goes on; a plain line when that is not a terminal.</summary>
/// <remarks>
/// It draws on the thread that reports, and only when something is reported: nothing runs beside a measurement.
/// </remarks>
internal sealed class ProgressDisplay : IReadProgress
{
    private static readonly TimeSpan s_redrawInterval = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly Stopwatch _sinceDrawn = Stopwatch.StartNew();
    private readonly Action<long> _draw;
    private long _done;

    private ProgressDisplay(Action<long> draw) => _draw = draw;

    /// <summary>Shows the progress of this work, whose end is reached at <paramref name="total"/>.</summary>
    public static void Show(string title, long total, Action<ProgressDisplay> work)
    {
        if (Console.IsErrorRedirected)
        {
            Console.Error.WriteLine(title);
            work(new ProgressDisplay(_ => { }));
            return;
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        console.Progress()
            .AutoRefresh(false)
            .AutoClear(true)
            .Columns(new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn())
            .Start(context =>
            {
                ProgressTask task = context.AddTask(Markup.Escape(title), maxValue: Math.Max(1, total));
                context.Refresh();
                work(new ProgressDisplay(done =>
                {
                    task.Value = done;
                    context.Refresh();
                }));
            });
    }

    /// <summary>So much is done in all.</summary>
    public void Set(long done)
    {
        Volatile.Write(ref _done, done);
        DrawSometimes();
    }

    /// <inheritdoc/>
    public void Add(long byteCount)
    {
        Interlocked.Add(ref _done, byteCount);
        DrawSometimes();
    }

    private void DrawSometimes()
    {
        // A thread that finds another one drawing goes on with its work.
        if (_sinceDrawn.Elapsed < s_redrawInterval || !_lock.TryEnter())
            return;

        try
        {
            _draw(Volatile.Read(ref _done));
            _sinceDrawn.Restart();
        }
        finally
        {
            _lock.Exit();
        }
    }
}
