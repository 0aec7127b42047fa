using System.Globalization;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Options;

namespace NativeBuffers.AspNetCore;

/// <summary>Answers requests for which there is no memory with status 503.</summary>
/// <remarks>
/// Applications often catch exceptions themselves: <c>UseExceptionHandler</c>, and the page for developers, which is the first one while a program
/// is developed. Both ask here before they answer.
/// </remarks>
internal sealed class RefusalAnswer(NativeServerMemory memory, IOptions<NativeServerPoolOptions> options) : IExceptionHandler, IDeveloperPageExceptionFilter
{
    private readonly string _retryAfter = long.Max(1, (long)Math.Ceiling(options.Value.RetryAfter.TotalSeconds)).ToString(CultureInfo.InvariantCulture);

    /// <summary>Whether the answer can be <see cref="Refuse"/>: a budget has refused, and no part of another answer was sent.</summary>
    public bool CanAnswer(HttpContext context, Exception exception) =>
        options.Value.HoldsOff && exception is OutOfMemoryException && NativeMemoryRefusal.Of(exception) is not null && !context.Response.HasStarted;

    /// <summary>Answers with status 503. Nothing of another answer may have been sent.</summary>
    public void Refuse(HttpContext context)
    {
        memory.NoteRefusedRequest();
        HttpResponse response = context.Response;
        response.Clear();
        response.StatusCode = StatusCodes.Status503ServiceUnavailable;
        response.Headers.RetryAfter = _retryAfter;

        // A part that the application has written and not sent cannot be taken back: it becomes the body.
        if (!response.BodyWriter.CanGetUnflushedBytes || response.BodyWriter.UnflushedBytes == 0)
        {
            response.ContentLength = 0;
        }
    }

    public ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (!CanAnswer(httpContext, exception))
        {
            return ValueTask.FromResult(false);
        }

        Refuse(httpContext);
        return ValueTask.FromResult(true);
    }

    public async Task HandleExceptionAsync(ErrorContext errorContext, Func<ErrorContext, Task> next)
    {
        if (!await TryHandleAsync(errorContext.HttpContext, errorContext.Exception, CancellationToken.None).ConfigureAwait(false))
        {
            await next(errorContext).ConfigureAwait(false);
        }
    }
}
