using System.Runtime.ExceptionServices;

namespace NativeBuffers.Tests.TestKit;

/// <summary>A thread that does something, waits in the runtime until it may go on, and does something else.</summary>
internal sealed class WaitingThread : IDisposable
{
    private readonly object _monitor = new();
    private readonly Lock _lock = new();
    private readonly ManualResetEvent _event = new(false);
    private readonly SemaphoreSlim _semaphore = new(0);
    private readonly TaskCompletionSource _task = new();
    private readonly Thread _thread;
    private readonly Thread _holder;
    private volatile string _wait = "";
    private volatile bool _waits;
    private Exception? _failure;

    /// <summary>The ways to wait.</summary>
    public static TheoryData<string> Waits => ["sleep", "event", "monitor", "lock", "semaphore", "join", "task"];

    /// <summary>Called in an exception filter when the wait is interrupted.</summary>
    public Action? OnInterrupted { get; init; }

    public WaitingThread(Action first, Action then)
    {
        // It has the monitor and the lock for which the thread waits, and ends when the thread may go on.
        _holder = new Thread(() =>
        {
            lock (_monitor)
            {
                lock (_lock)
                {
                    _event.WaitOne();
                }
            }
        });
        _thread = new Thread(() =>
        {
            try
            {
                first();
                try
                {
                    WaitHere();
                }
                catch (ThreadInterruptedException) when (IsInterrupted())
                {
                    // It may go on.
                }

                then();
            }
            catch (Exception failure)
            {
                _failure = failure;
            }
        });
    }

    /// <summary>Starts the thread, and returns when it waits in this way.</summary>
    public void Wait(string wait)
    {
        _wait = wait;
        _holder.Start();
        AwaitWait(_holder);
        _thread.Start();
        Assert.True(SpinWait.SpinUntil(() => _waits, TimeSpan.FromMinutes(1)));
        AwaitWait(_thread);
    }

    /// <summary>Lets the thread go on to its end, and throws its exception.</summary>
    public void GoOn()
    {
        Release();
        _thread.Join();
        if (_failure is not null)
        {
            ExceptionDispatchInfo.Throw(_failure);
        }
    }

    public void Dispose()
    {
        Release();
        if (_wait.Length > 0)
        {
            _thread.Join();
            _holder.Join();
        }
    }

    /// <summary>Ends the wait by an exception.</summary>
    public void Interrupt() => _thread.Interrupt();

    /// <summary>Returns when the thread has waited for some milliseconds: before that, some ways to wait sleep for a moment.</summary>
    private static void AwaitWait(Thread thread)
    {
        for (int looks = 0; looks < 10; Thread.Sleep(1))
        {
            looks = (thread.ThreadState & ThreadState.WaitSleepJoin) != 0 ? looks + 1 : 0;
        }
    }

    private bool IsInterrupted()
    {
        OnInterrupted?.Invoke();
        return true;
    }

    private void Release()
    {
        if (_wait == "sleep")
        {
            Interrupt();
        }

        _event.Set();
        _semaphore.Release();
        _ = _task.TrySetResult();
    }

    private void WaitHere()
    {
        _waits = true;
        switch (_wait)
        {
            case "sleep":
                Thread.Sleep(Timeout.Infinite);
                break;
            case "event":
                _event.WaitOne();
                break;
            case "monitor":
                lock (_monitor)
                {
                    break;
                }

            case "lock":
                lock (_lock)
                {
                    break;
                }

            case "semaphore":
                _semaphore.Wait();
                break;
            case "join":
                _holder.Join();
                break;
            default:
                _task.Task.Wait();
                break;
        }
    }
}
