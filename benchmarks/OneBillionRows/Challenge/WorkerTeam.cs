using System.Runtime.ExceptionServices;

namespace OneBillionRows.Challenge;

/// <summary>Runs the same work on several threads, and waits for all of them.</summary>
public static class WorkerTeam
{
    /// <summary>Each thread takes chunks until none is left; the first failure of any thread is thrown here.</summary>
    /// <exception cref="MalformedLineException">A worker reported a malformed line.</exception>
    public static void Run(ChunkedFile file, SolveOptions options, Action<ChunkedFile> work)
    {
        ExceptionDispatchInfo? failure = null;
        var threads = new Thread[options.WorkerCount];
        for (int i = 0; i < threads.Length; i++)
        {
            threads[i] = new Thread(Guarded) { IsBackground = true, Name = $"worker {i}" };
            threads[i].Start();
        }

        foreach (Thread thread in threads)
            thread.Join();

        // A malformed line is the better message: it may have caused the other failure.
        file.ThrowIfMalformed();
        failure?.Throw();

        void Guarded()
        {
            try
            {
                work(file);
            }
#pragma warning disable CA1031 // Any exception belongs to the thread that waits.
            catch (Exception e)
#pragma warning restore CA1031
            {
                Interlocked.CompareExchange(ref failure, ExceptionDispatchInfo.Capture(e), null);
                file.Stop();
            }
        }
    }
}
