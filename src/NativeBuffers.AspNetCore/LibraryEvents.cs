using System.Diagnostics.Tracing;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace NativeBuffers.AspNetCore;

/// <summary>Logs the events of the library: leaks, violations that guards find, and refusals of budgets, of the whole process.</summary>
internal sealed class LibraryEvents(ILoggerFactory loggers) : IHostedService, IDisposable
{
    private Listener? _listener;

    public Task StartAsync(CancellationToken cancellationToken)
    {
        _listener = new Listener(loggers.CreateLogger(ServerLog.Category));
        NativeMemoryMetrics.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _listener?.Dispose();

    private sealed class Listener : EventListener
    {
        private readonly ILogger? _logger;
        private EventSource? _early;

        public Listener(ILogger logger)
        {
            // The base class has reported the event sources already, before there was a logger. Another thread may report one now.
            _logger = logger;
            Interlocked.MemoryBarrier();
            if (_early is { } source)
            {
                EnableEvents(source, EventLevel.Warning);
            }
        }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name != NativeMemoryMetrics.Name)
            {
                return;
            }

            _early = eventSource;
            Interlocked.MemoryBarrier();
            if (_logger is not null)
            {
                EnableEvents(eventSource, EventLevel.Warning);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            if (_logger is null || eventData.Payload is not [string message, ..])
            {
                return;
            }

            switch (eventData.EventName)
            {
                case "Leak":
                    _logger.Leak(message);
                    break;
                case "BudgetRefusal":
                    _logger.BudgetRefusal(message);
                    break;
                case "DoubleFree" or "Violation":
                    _logger.Violation(message);
                    break;
            }
        }
    }
}
