using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace NativeBuffers.AspNetCore;

/// <summary>The first middleware: a request beyond the most at a time is answered with status 503, and its connection stays.</summary>
internal sealed class RequestAdmission(
    NativeServerMemory memory,
    ConnectionRoom connections,
    RefusalAnswer answer,
    IOptions<NativeServerPoolOptions> options,
    IMemoryPoolFactory<byte> pools) : IStartupFilter
{
    /// <summary>The most that is received of a refused request's body, in bytes.</summary>
    private const int MostReceived = 1 << 20;

    /// <summary>The longest time for which such a body is received: a client may send slowly, or not at all.</summary>
    private static readonly TimeSpan s_longestReceipt = TimeSpan.FromSeconds(5);

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">Kestrel was added after the pool, and has replaced it.</exception>
    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next)
    {
        if (pools is not ServerPoolFactory)
        {
            throw new InvalidOperationException(
                $"Kestrel was added after the pool, and has replaced it: call {nameof(NativeMemoryPoolServices.AddNativeMemoryPool)} after UseKestrel and ConfigureWebHostDefaults.");
        }

        if (!options.Value.HoldsOff)
        {
            return next;
        }

        return builder =>
        {
            builder.Use(AdmitAsync);
            next(builder);
        };
    }

    private Task AdmitAsync(HttpContext context, RequestDelegate next)
    {
        if (connections.IsTight)
        {
            EndConnection(context);
        }

        return memory.TryBeginRequest() ? RunAsync(context, next) : RefuseAsync(context);
    }

    /// <summary>Runs the application. Most requests end before it returns, and need no state machine.</summary>
    [SuppressMessage("Design", "CA1031", Justification = "EndAsync throws it again.")]
    private Task RunAsync(HttpContext context, RequestDelegate next)
    {
        Task request;
        try
        {
            request = next(context) ?? Task.FromException(new InvalidOperationException("A middleware has returned null."));
        }
        catch (Exception exception)
        {
            request = Task.FromException(exception);
        }

        if (!request.IsCompletedSuccessfully)
        {
            return EndAsync(context, request);
        }

        memory.EndRequest();
        return Task.CompletedTask;
    }

    /// <summary>Waits for the end of a request, and answers if a budget has refused.</summary>
    private async Task EndAsync(HttpContext context, Task request)
    {
        try
        {
            await request.ConfigureAwait(false);
        }
        catch (OutOfMemoryException exception) when (answer.CanAnswer(context, exception))
        {
            answer.Refuse(context);
        }
        finally
        {
            memory.EndRequest();
        }
    }

    private Task RefuseAsync(HttpContext context)
    {
        answer.Refuse(context);

        // HTTP/1.0 has one request for each connection: it may be read like a stream of HTTP/2.
        return HttpProtocol.IsHttp11(context.Request.Protocol) ? Task.CompletedTask : ReceiveAfterAnswerAsync(context);
    }

    /// <summary>Sends the answer, and then receives the start of the body, which no code reads.</summary>
    /// <remarks>
    /// A stream of HTTP/2 that ends before its body has arrived is counted for some seconds more. A client that is refused often would have
    /// too many, and Kestrel resets further ones without an answer.
    /// </remarks>
    private static async Task ReceiveAfterAnswerAsync(HttpContext context)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            await context.Response.CompleteAsync().ConfigureAwait(false);
            using var end = new CancellationTokenSource(s_longestReceipt);
            int read;
            for (int left = MostReceived; left > 0; left -= read)
            {
                read = await context.Request.Body.ReadAsync(buffer, end.Token).ConfigureAwait(false);
                if (read == 0)
                {
                    break;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException)
        {
            // The client has its answer, and sends no more.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Lets the connection end after this request. The client learns it, so it sends no request that is lost.</summary>
    private static void EndConnection(HttpContext context)
    {
        if (HttpProtocol.IsHttp11(context.Request.Protocol))
        {
            // At the end, because an application that handles exceptions removes all headers.
            context.Response.OnStarting(
                static response =>
                {
                    ((HttpResponse)response).Headers.Connection = "close";
                    return Task.CompletedTask;
                },
                context.Response);
        }
        else
        {
            context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }
    }
}
