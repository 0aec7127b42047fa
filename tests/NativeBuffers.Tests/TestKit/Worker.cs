using System.Collections.Concurrent;

namespace NativeBuffers.Tests.TestKit;

/// <summary>A thread that lives through several actions.</summary>
internal sealed class Worker : IDisposable
{
    private readonly BlockingCollection<Action> _actions = [];
    private readonly Thread _thread;
    private Exception? _thrown;

    public Worker()
    {
        _thread = new Thread(() =>
        {
            foreach (Action action in _actions.GetConsumingEnumerable())
            {
                action();
            }
        });
        _thread.Start();
    }

    public void Run(Action action)
    {
        using var done = new ManualResetEventSlim();
        _actions.Add(() =>
        {
            try
            {
                action();
            }
            catch (Exception exception)
            {
                _thrown = exception;
            }

            done.Set();
        });
        done.Wait();
        Assert.Null(_thrown);
    }

    public void Dispose()
    {
        if (!_actions.IsAddingCompleted)
        {
            _actions.CompleteAdding();
            _thread.Join();
        }
    }
}
