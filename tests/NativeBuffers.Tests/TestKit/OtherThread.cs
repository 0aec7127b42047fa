using System.Collections.Concurrent;
using System.Runtime.ExceptionServices;

namespace NativeBuffers.Tests.TestKit;

/// <summary>Runs parts of a test on their own threads, and throws the exceptions of those threads.</summary>
internal static class OtherThread
{
    /// <summary>Runs the body on a new thread, which has ended when this returns.</summary>
    public static void Run(Action body) => Together(body);

    /// <summary>As <see cref="Run"/>, on a thread that knows nothing of the caller's flow.</summary>
    public static void RunApart(Action body)
    {
        using (ExecutionContext.SuppressFlow())
        {
            Run(body);
        }
    }

    /// <summary>Runs the bodies on new threads, which start at the same time and have ended when this returns.</summary>
    public static void Together(params Action[] bodies)
    {
        var failures = new ConcurrentQueue<Exception>();
        using var start = new Barrier(bodies.Length);
        Thread[] threads =
        [
            .. bodies.Select(
                body => new Thread(
                    () =>
                    {
                        try
                        {
                            start.SignalAndWait();
                            body();
                        }
                        catch (Exception failure)
                        {
                            failures.Enqueue(failure);
                        }
                    })),
        ];
        foreach (Thread thread in threads)
        {
            thread.Start();
        }

        foreach (Thread thread in threads)
        {
            thread.Join();
        }

        if (failures.TryDequeue(out Exception? first))
        {
            ExceptionDispatchInfo.Throw(first);
        }
    }
}
